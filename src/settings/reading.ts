import { redact } from '../redact.js';
import { Given, type GivenValue } from './given.js';
import type { ProblemList } from './problems.js';
import { fileNameOf, type Setting, type Settings, type Values } from './setting.js';

/** A place where settings are given, by name: the environment, the YAML file, one entry of a list in it. */
export type Layer = (name: string) => string | readonly unknown[] | undefined;

/** @throws when the file cannot be read */
export type ReadFile = (path: string) => string;

/**
 * Reads settings from layers, the first of which wins. Blanks and a byte order mark around a value are no part of it,
 * whether it stands in a layer or in the file of a secret; an empty value is as good as none.
 */
export class SettingReader {
  readonly #layers: readonly Layer[];
  readonly #problems: ProblemList;
  readonly #readFile: ReadFile;
  readonly #given: Given;

  /** @param given notes what was given for each setting */
  constructor(layers: readonly Layer[], problems: ProblemList, readFile: ReadFile, given = new Given()) {
    this.#layers = layers;
    this.#problems = problems;
    this.#readFile = readFile;
    this.#given = given;
  }

  /** What cannot be read becomes the default, so that the rest can be looked at too; there is a problem then. */
  read<S extends Settings>(settings: S): Values<S> {
    const values: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries(settings)) values[key] = this.#readOne(setting);
    return values as Values<S>;
  }

  #readOne(setting: Setting): unknown {
    const kept = this.#given.kept(setting);
    const raw = kept === undefined ? this.#find(setting) : kept.value;
    this.#given.note(setting.name, raw, setting.secret);
    if (setting.secret && typeof raw === 'string') this.#problems.hide(raw);
    const parsed = setting.schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const message = raw === undefined ? 'must be set' : (parsed.error.issues[0]?.message ?? 'is wrong');
    const value = setting.secret || typeof raw !== 'string' ? '' : `, but is "${redact(raw)}"`;
    this.#problems.add(setting.name, `${message}${value}`);
    const fallback = setting.schema.safeParse(undefined);
    return fallback.success ? fallback.data : undefined;
  }

  #find(setting: Setting): GivenValue {
    for (const layer of this.#layers) {
      for (const name of [setting.name, ...setting.aliases]) {
        const value = trimmed(layer(name));
        const path = setting.secret ? trimmed(layer(fileNameOf(name))) : undefined;
        if (value !== undefined && path !== undefined) {
          this.#problems.add(fileNameOf(name), `is set, and ${name} too. Leave one of them out`);
        }
        if (value !== undefined) return value;
        if (path !== undefined) return this.#secretIn(String(path), fileNameOf(name));
      }
    }
    return undefined;
  }

  #secretIn(path: string, name: string): string | undefined {
    const text = readText(path, name, this.#problems, this.#readFile);
    if (text === undefined) return undefined;
    if (text.trim() === '') this.#problems.add(name, `${path} is empty`);
    return text.trim() || undefined;
  }
}

/** The text of a file that a setting names; undefined, and a problem, when it cannot be read. */
export function readText(path: string, name: string, problems: ProblemList, readFile: ReadFile): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    problems.add(name, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
    return undefined;
  }
}

/** `trim` takes a byte order mark (U+FEFF) off as well. */
function trimmed(value: GivenValue): GivenValue {
  return typeof value === 'string' ? value.trim() || undefined : value;
}
