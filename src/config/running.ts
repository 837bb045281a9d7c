import type { Clock } from '../clock.js';
import type { Given } from '../settings/given.js';
import type { SettingProblem } from '../settings/problems.js';
import type { ReadFile } from '../settings/reading.js';
import { sameSlice } from '../settings/same-slice.js';
import type { Config } from './config.js';
import { type LoadContext, type Loaded, loadConfig } from './load.js';

/** Which settings the daemon runs with, for `/v1/status` and the page. */
export interface SettingsStatus {
  /** EVENT_SINK_CONFIG; null = there is no file. */
  readonly file: string | null;
  /** The same wherever the settings are the same, secrets aside. */
  readonly version: string;
  /** When they took effect, epoch ms. */
  readonly since: number;
  /** Names of settings that are given otherwise, and take effect at the next start. */
  readonly needsRestart: readonly string[];
  /** Why what was read last cannot be used; empty when it can. */
  readonly problems: readonly SettingProblem[];
  /** When it was read, epoch ms. */
  readonly read: number;
}

/** What came of reading the settings anew. */
export interface ReloadReport {
  /** Names of the settings that are given otherwise than when they were read before. */
  readonly changed: readonly string[];
  /** What runs with other settings now: actors by their paths, and parts that are not actors. */
  readonly restarted: readonly string[];
  /** Names of settings that are given otherwise than the daemon runs with, and take effect at its next start. */
  readonly needsRestart: readonly string[];
}

/** Settings that were read anew and can be used. */
export interface Reading extends Pick<ReloadReport, 'changed' | 'needsRestart'> {
  readonly config: Config;
  readonly given: Given;
  /** All that is given now, whether it takes effect or not. */
  readonly wanted: Given;
  readonly files: ReadonlyMap<string, string>;
}

/** The settings that the daemon runs with. They are read anew as often as somebody asks, all of them or none. */
export class RunningSettings {
  readonly #source: LoadContext;
  readonly #clock: Pick<Clock, 'now'>;
  #reading: Reading;
  #since: number;
  #read: number;
  #problems: readonly SettingProblem[] = [];
  /** The contents, or why there are none, of the files that were read last. */
  #files: ReadonlyMap<string, string>;

  private constructor(source: LoadContext, reading: Reading, clock: Pick<Clock, 'now'>) {
    this.#source = source;
    this.#reading = reading;
    this.#files = reading.files;
    this.#clock = clock;
    this.#since = clock.now();
    this.#read = this.#since;
  }

  /** For the start. */
  static open(
    source: LoadContext,
    clock: Pick<Clock, 'now'>,
  ): { readonly settings: RunningSettings; readonly warnings: readonly SettingProblem[] } | Problems {
    const files = new FileReads(source.readFile);
    const loaded = loadConfig({ ...source, readFile: files.read });
    if ('problems' in loaded) return loaded;
    const { config, given, warnings } = loaded;
    const reading = { config, given, wanted: given, changed: [], needsRestart: [], files: files.others(config) };
    return { settings: new RunningSettings(source, reading, clock), warnings };
  }

  get config(): Config {
    return this.#reading.config;
  }

  get status(): SettingsStatus {
    return {
      file: this.#source.env.EVENT_SINK_CONFIG?.trim() || null,
      version: this.#reading.given.version,
      since: this.#since,
      needsRestart: this.#reading.needsRestart,
      problems: this.#problems,
      read: this.#read,
    };
  }

  /** What the files say that were read last, where that is something else now; undefined = nowhere. */
  changedFiles(): string | undefined {
    const files = new FileReads(this.#source.readFile);
    const changed = [...this.#files].filter(([path, text]) => files.contentOf(path) !== text);
    return changed.length === 0 ? undefined : JSON.stringify(changed.map(([path]) => [path, files.contentOf(path)]));
  }

  /** Reads everything anew. What runs is as before until the reading is taken. */
  read(): Reading | Problems {
    const files = new FileReads(this.#source.readFile);
    const source = { ...this.#source, readFile: files.read };
    this.#read = this.#clock.now();
    const wanted = loadConfig(source);
    if ('problems' in wanted) {
      this.#problems = wanted.problems;
      this.#files = new Map([...this.#files, ...files.others(this.config)]);
      return wanted;
    }
    this.#problems = [];
    this.#files = files.others(wanted.config);
    const { given, config, follows } = this.#settle(loadConfig({ ...source, running: this.#reading.given }));
    return {
      ...{ config, given, wanted: wanted.given, files: this.#files },
      changed: wanted.given.changedFrom(this.#reading.wanted),
      needsRestart: [...new Set([...wanted.given.changedFrom(given), ...follows])].sort(),
    };
  }

  /** These are the settings that run from now on. */
  take(reading: Reading): void {
    if (reading.given.changedFrom(this.#reading.given).length > 0) this.#since = this.#clock.now();
    this.#reading = reading;
  }

  /**
   * What of these settings can take effect: the rest is as it runs, also where it follows from others. Settings that
   * only fit together with others that need a restart wait for it all.
   */
  #settle(settled: Loaded): Pick<Reading, 'config' | 'given'> & { readonly follows: readonly string[] } {
    const { config: running, given: before } = this.#reading;
    if ('problems' in settled) return { config: running, given: before, follows: [] };
    const { given } = settled;
    let { config } = settled;
    const follows: string[] = [];
    if (isConfigured(config) !== isConfigured(running)) {
      for (const name of keySettings) given.keep(name, before);
      config = { ...config, keys: running.keys };
    }
    if (!sameSlice(config.usage, running.usage)) {
      follows.push('USAGE');
      const counting = running.sinks.filter(isUsage);
      config = {
        ...config,
        usage: running.usage,
        sinks: [...config.sinks.filter(sink => !isUsage(sink)), ...counting],
      };
    }
    return { config: { ...config, server: running.server }, given, follows };
  }
}

type Problems = Extract<Loaded, { readonly problems: unknown }>;

const keySettings = ['API_KEYS', 'API_KEYS_FILE'];

/** Without keys of its own, a daemon has the one of its first start, and listens on the loopback alone. */
function isConfigured({ keys }: Config): boolean {
  return keys.entries !== undefined || keys.file !== undefined;
}

function isUsage({ definition }: Config['sinks'][number]): boolean {
  return definition.name === 'usage';
}

/** What files hold, each read once: everything that is read goes together. */
class FileReads {
  readonly #found = new Map<string, { readonly text: string } | { readonly error: unknown }>();
  readonly #readFile: ReadFile;

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  readonly read: ReadFile = path => {
    const found = this.#found.get(path) ?? this.#find(path);
    this.#found.set(path, found);
    if ('error' in found) throw found.error;
    return found.text;
  };

  /** Its text, or why there is none. */
  contentOf(path: string): string {
    try {
      return `text ${this.read(path)}`;
    } catch (error) {
      return `error ${(error as NodeJS.ErrnoException).code}`;
    }
  }

  /** All that were read, but the file of keys: its keys watch it themselves. */
  others({ keys }: Pick<Config, 'keys'>): ReadonlyMap<string, string> {
    const paths = [...this.#found.keys()].filter(path => path !== keys.file);
    return new Map(paths.map(path => [path, this.contentOf(path)]));
  }

  #find(path: string): { readonly text: string } | { readonly error: unknown } {
    try {
      return { text: this.#readFile(path) };
    } catch (error) {
      return { error };
    }
  }
}
