import type { z } from 'zod';

/**
 * A setting is declared once, beside what it configures. The environment, the YAML file, the defaults in the
 * documentation, `.env.example` and the list of problems all come from this declaration.
 */
export interface Setting<Schema extends z.ZodTypeAny = z.ZodTypeAny> {
  /** Environment variable; the YAML key is its lower case, nested or flat (`mongodb: {uri: …}` = `mongodb_uri: …`). */
  readonly name: string;
  /** From a string without blanks around it. Defaults live in the schema. */
  readonly schema: Schema;
  /** One sentence for the documentation. */
  readonly description: string;
  /** Never printed; also read from the file named by `<NAME>_FILE`. */
  readonly secret: boolean;
  /** Other names for the same setting. */
  readonly aliases: readonly string[];
  /** Shown in `.env.example`; of a setting that only the file can hold, a piece of that file. */
  readonly example: string | undefined;
  /**
   * The YAML file may give a list of structures, which the schema then gets: with YAML's types (`typed`), or with every
   * scalar as it is written (`written`: `007` stays `'007'`).
   */
  readonly structured: 'typed' | 'written' | undefined;
  /** The environment has no form for it. */
  readonly fileOnly: boolean;
  /** A change takes effect at the next start; all other settings are taken over by a reload. */
  readonly needsRestart: boolean;
}

export type Settings = Readonly<Record<string, Setting>>;

export type Values<S extends Settings> = { readonly [K in keyof S]: z.output<S[K]['schema']> };

export type SettingOptions = Partial<Omit<Setting, 'name' | 'schema' | 'description'>>;

export function setting<Schema extends z.ZodTypeAny>(
  name: string,
  schema: Schema,
  description: string,
  { secret = false, aliases = [], example, structured, fileOnly = false, needsRestart = false }: SettingOptions = {},
): Setting<Schema> {
  return { name, schema, description, secret, aliases, example, structured, fileOnly, needsRestart };
}

/** The same settings; a change takes effect at the next start, but for these. */
export function atStart<S extends Settings>(settings: S, ...but: readonly (keyof S)[]): S {
  const entries = Object.entries(settings).map(([key, one]) => [key, { ...one, needsRestart: !but.includes(key) }]);
  return Object.fromEntries(entries) as S;
}

/**
 * The name under which a secret's file is given: `MONGODB_URI_FILE`, or
 * `sinks[0].uri_file` where names are in lower case.
 */
export function fileNameOf(name: string): string {
  return name === name.toUpperCase() ? `${name}_FILE` : `${name}_file`;
}

/** Every name under which a setting can be given. */
export function namesOf({ name, aliases, secret }: Setting): readonly string[] {
  return [name, ...aliases].flatMap(each => (secret ? [each, fileNameOf(each)] : [each]));
}

/** Collects everything that is wrong with a configuration, to be reported at once. */
export interface Problems {
  /** `name` is the variable that a person should look at; the message says what to do. */
  add(name: string, message: string): void;
}
