import { hash } from 'node:crypto';
import type { Setting, Settings } from './setting.js';

/** What was given for a setting: as it is written, or as YAML has it. Undefined = nothing, and the default holds. */
export type GivenValue = string | readonly unknown[] | undefined;

interface Noted {
  readonly value: GivenValue;
  readonly secret: boolean;
}

/**
 * What was given for each setting that was read, wherever it stood: what tells one configuration from another. The
 * values that follow from it may be functions and objects, which cannot be compared.
 */
export class Given {
  readonly #noted = new Map<string, Noted>();
  readonly #running: Given | undefined;

  /** @param running what the daemon runs with: settings that need a restart stay as they are there */
  constructor(running?: Given) {
    this.#running = running;
  }

  /** What a setting that needs a restart is, whatever is given for it now; undefined = not one of those. */
  kept({ name, needsRestart }: Pick<Setting, 'name' | 'needsRestart'>): { readonly value: GivenValue } | undefined {
    return needsRestart && this.#running !== undefined ? { value: this.#running.valueOf(name) } : undefined;
  }

  note(name: string, value: GivenValue, secret = false): void {
    if (value !== undefined) this.#noted.set(name, { value, secret });
  }

  /** What is given for it there holds. */
  keep(name: string, from: Given): void {
    const noted = from.#noted.get(name);
    if (noted === undefined) this.#noted.delete(name);
    else this.#noted.set(name, noted);
  }

  /** Its parts are noted by themselves. */
  forget(name: string): void {
    this.#noted.delete(name);
  }

  valueOf(name: string): GivenValue {
    return this.#noted.get(name)?.value;
  }

  /** The same for the same values of these settings. Says nothing of what they are. */
  digestOf(settings: Settings): string {
    const names = Object.values(settings).map(({ name }) => name);
    return hash('sha256', JSON.stringify(names.map(name => [name, this.valueOf(name) ?? null])));
  }

  /** Names of the settings that are given otherwise than there. */
  changedFrom(other: Given): readonly string[] {
    const names = new Set([...other.#noted.keys(), ...this.#noted.keys()]);
    return [...names].filter(name => text(this.valueOf(name)) !== text(other.valueOf(name))).sort();
  }

  /**
   * A short name for the whole: the same on every daemon that is configured alike. Secrets do not enter it, so that
   * nobody can try them out against it.
   */
  get version(): string {
    const open = [...this.#noted].filter(([, { secret }]) => !secret).map(([name, { value }]) => [name, value]);
    return hash('sha256', JSON.stringify(open.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))).slice(0, 12);
  }
}

function text(value: GivenValue): string | undefined {
  return JSON.stringify(value);
}
