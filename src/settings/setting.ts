import type { z } from 'zod';

/**
 * A setting is declared once, beside what it configures. The environment, the YAML file, the defaults in the documentation,
 * `.env.example` and the list of problems all come from this declaration.
 */
export interface Setting<Schema extends z.ZodTypeAny = z.ZodTypeAny> {
  /** Environment variable; the YAML key is its lower case, nested or flat (`mongodb: {uri: …}` = `mongodb_uri: …`). */
  readonly name: string;
  /** From a string. Defaults live in the schema. */
  readonly schema: Schema;
  /** One sentence for the documentation. */
  readonly description: string;
  /** Never printed; also read from the file named by `<NAME>_FILE`. */
  readonly secret: boolean;
  /** Other names for the same setting. */
  readonly aliases: readonly string[];
  /** Shown in `.env.example`. */
  readonly example: string | undefined;
  /** The YAML file may give a list of structures, which the schema then gets as it is. */
  readonly structured: boolean;
}

export type Settings = Readonly<Record<string, Setting>>;

export type Values<S extends Settings> = { readonly [K in keyof S]: z.output<S[K]['schema']> };

export interface SettingOptions {
  readonly secret?: boolean;
  readonly aliases?: readonly string[];
  readonly example?: string;
  readonly structured?: boolean;
}

export function setting<Schema extends z.ZodTypeAny>(
  name: string,
  schema: Schema,
  description: string,
  { secret = false, aliases = [], example, structured = false }: SettingOptions = {},
): Setting<Schema> {
  return { name, schema, description, secret, aliases, example, structured };
}

/** Collects everything that is wrong with a configuration, to be reported at once. */
export interface Problems {
  /** `name` is the variable that a person should look at; the message says what to do. */
  add(name: string, message: string): void;
}
