import { z } from 'zod';
import { SetupError, TransientError } from '../errors.js';
import { nearest } from '../settings/nearest.js';
import type { ProblemList } from '../settings/problems.js';
import type { Layer } from '../settings/reading.js';
import { namesOf, type Settings, setting } from '../settings/setting.js';
import type { SinkCheck, SinkDefinition, SinkSession } from '../sinks/sink.js';
import { flatten } from './file.js';
import { type CommonSettings, commonSettings } from './sinks.js';
import { isMapping, type Mapping } from './yaml.js';

export const namedSinkSettings = {
  sinks: setting(
    'sinks',
    z.array(z.unknown(), { invalid_type_error: 'must be a list of sinks, each with kind and name' }).default([]),
    'More sinks of any kind, each with `kind`, a `name` of its own, and the settings of its kind without their prefix. Only in the YAML file.',
    {
      structured: 'written',
      fileOnly: true,
      example: `sinks:
  - { kind: mongodb, name: archive, uri_file: /run/secrets/archive, database: history, ttl_days: 3650 }
  - { kind: influxdb, name: portal, host: influxdb.example.org, categories: [page_view, download] }
`,
    },
  ),
};

/** One entry of the list `sinks`: a sink of its own in everything, but for the code of its kind. */
export interface NamedSink {
  readonly definition: SinkDefinition;
  readonly common: CommonSettings;
  /** The entry, by the names that its settings have here. */
  readonly layer: Layer;
  /** For people: `sinks[1]`. */
  readonly place: string;
}

/** `dead` is the end of the name of a queue for dead letters. */
const reservedNames: ReadonlySet<string> = new Set(['dead']);

/**
 * An entry is read by the declarations of its kind: `MONGODB_URI` is `uri` there, and `sinks[1].uri` in every message.
 * Its queue, dead letters, actors, logger, metrics and status row derive from the name `<kind>.<name>`.
 */
export function namedSinks(
  entries: readonly unknown[],
  registry: readonly SinkDefinition[],
  path: string,
  problems: ProblemList,
): readonly NamedSink[] {
  const taken = new Set<string>();
  return entries.flatMap((entry, index) => {
    const place = `sinks[${index}]`;
    if (!isMapping(entry)) {
      problems.add(place, 'must be a mapping, such as {kind: mongodb, name: archive, uri: …}');
      return [];
    }
    const { kind, name, ...rest } = entry;
    const definition = kindOf(kind, place, registry, problems);
    if (!isName(name, place, problems) || definition === undefined) return [];
    const named = nameSink(definition, name, place);
    if (taken.has(named.name)) {
      problems.add(`${place}.name`, `"${name}" is the name of another ${definition.name} above`);
      return [];
    }
    taken.add(named.name);
    const common = renamed(commonSettings(definition), definition.prefix, place);
    return [
      { definition: named, common, place, layer: layerOf(rest, [named.settings, common], place, path, problems) },
    ];
  });
}

function kindOf(kind: unknown, place: string, registry: readonly SinkDefinition[], problems: ProblemList) {
  const kinds = registry.filter(({ storesWith }) => storesWith === undefined).map(({ name }) => name);
  const found = registry.find(({ name }) => name === kind);
  if (found !== undefined && found.storesWith === undefined) return found;
  const like = typeof kind === 'string' ? nearest(kind, kinds) : undefined;
  problems.add(
    `${place}.kind`,
    found === undefined
      ? `must be one of ${kinds.join(', ')}${like === undefined ? '' : `. Did you mean ${like}?`}`
      : `cannot be ${found.name}: there is one of it in a daemon, configured by ${found.prefix}_…`,
  );
  return undefined;
}

function isName(name: unknown, place: string, problems: ProblemList): name is string {
  if (typeof name === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name) && !reservedNames.has(name)) {
    return true;
  }
  const reserved = typeof name === 'string' && reservedNames.has(name) ? `, and not ${name}` : '';
  problems.add(`${place}.name`, `must be 1 to 40 lower-case letters, digits and dashes between them${reserved}`);
  return false;
}

function layerOf(entry: Mapping, settings: Settings[], place: string, path: string, problems: ProblemList): Layer {
  const known = new Map(
    settings
      .flatMap(group => Object.values(group))
      .filter(({ name }) => name.startsWith(`${place}.`))
      .flatMap(one => namesOf(one).map(name => [name.slice(place.length + 1), { setting: one, name }] as const)),
  );
  const values = flatten({ written: entry, typed: undefined }, { known, path, place: `${place}.` }, problems);
  return name => values.get(name);
}

/** The same declarations under the names of an entry. */
function renamed<S extends Settings>(settings: S, prefix: string, place: string): S {
  const entries = Object.entries(settings).map(([key, one]) => {
    if (isShared(one.name, prefix)) return [key, one];
    return [key, { ...one, name: entryName(one.name, prefix, place), aliases: [] }];
  });
  return Object.fromEntries(entries) as S;
}

/** One that its kind has in common with others (SMTP_URL): an entry has it from where they have it. */
function isShared(name: string, prefix: string): boolean {
  return !name.startsWith(`${prefix}_`);
}

/** `MONGODB_TTL_DAYS` → `sinks[1].ttl_days`. */
function entryName(name: string, prefix: string, place: string): string {
  return `${place}.${name.slice(prefix.length + 1).toLowerCase()}`;
}

/** The sink of a kind under a name of its own: its sentences name the entry where those of the kind name a variable. */
function nameSink(kind: SinkDefinition, name: string, place: string): SinkDefinition {
  const settings = [...Object.values(kind.settings), ...Object.values(commonSettings(kind))];
  const names = settings.map(one => one.name).filter(each => !isShared(each, kind.prefix));
  const anyName = new RegExp(`\\b(?:${names.sort((a, b) => b.length - a.length).join('|')})\\b`, 'g');
  const inEntry = (text: string): string => text.replace(anyName, found => entryName(found, kind.prefix, place));

  const reworded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof SetupError || error instanceof TransientError) error.message = inEntry(error.message);
      throw error;
    }
  };
  const namedCheck = (check: SinkCheck<unknown>): SinkCheck<unknown> => ({
    ...check,
    setting: config => inEntry(check.setting(config)),
    reach: inEntry(check.reach),
    untried: (check.untried ?? []).map(({ what, because }) => ({ what: inEntry(what), because })),
    open: async (config, tools) => {
      const session = await reworded((check.open ?? kind.open)(config, tools));
      return { probe: signal => reworded(session.probe(signal)), close: () => session.close() };
    },
  });
  return {
    ...kind,
    name: `${kind.name}.${name}`,
    title: `${kind.title} (${name})`,
    settings: renamed(kind.settings, kind.prefix, place),
    switchedOnBy: inEntry(kind.switchedOnBy),
    configure: (values, problems) =>
      kind.configure(values, { add: (named, message) => problems.add(inEntry(named), inEntry(message)) }),
    ...(kind.check === undefined ? {} : { check: namedCheck(kind.check) }),
    open: async (config, tools): Promise<SinkSession> => {
      const session = await reworded(kind.open(config, tools));
      return {
        write: (events, signal) => reworded(session.write(events, signal)),
        probe: signal => reworded(session.probe(signal)),
        close: () => session.close(),
      };
    },
  };
}
