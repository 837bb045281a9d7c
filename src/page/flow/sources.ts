import { useRef } from 'preact/hooks';
import type { Series, Status, StoredEvent } from '../../../openapi/api-types.js';
import { actorPaths } from '../../status/actor-paths.js';
import { ask, hasStore } from '../elements/api.js';
import { usePolled } from '../elements/polling.js';

export interface Source {
  readonly id: string;
  readonly title: string;
  /** Undefined until there are two counts to compare. */
  readonly perSecond: number | undefined;
  readonly lastHour: number | undefined;
}

const titles: Readonly<Record<string, string>> = {
  clowder: 'Clowder',
  http: 'HTTP API',
  browser: 'Browsers',
  nginx: 'NGINX log',
  health: 'Health checks',
  heartbeat: 'Extractors',
  extraction: 'Extractions',
  replay: 'Replay',
  import: 'Import',
  audit: 'This daemon',
  problem: 'Problems of this daemon',
  notification: 'Notifications',
  usage: 'Usage',
} satisfies Record<StoredEvent['_source'], string>;

const everyMs = 5_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Count {
  readonly at: number;
  readonly series: Series;
}

/** Where events come from here: what is set up, and what has come in the last hour, as the local store knows it. */
export function useSources(status: Status): readonly Source[] {
  const counts = useRef<readonly Count[]>([]);
  const { data } = usePolled('sources', hasStore(status) ? everyMs : null, async () => {
    const to = Math.ceil(status.now / minuteMs) * minuteMs;
    const query = { from: to - hourMs, to, step: minuteMs, by: '_source' };
    const series = await ask('v1/series', { query });
    counts.current = [...counts.current, { at: Date.now(), series }].slice(-3);
    return series;
  });
  return present(status, data).map(id => ({
    id,
    title: titles[id] ?? id,
    perSecond: rateOf(id, counts.current),
    lastHour: data === undefined ? undefined : sum(valuesOf(id, data)),
  }));
}

function present({ broker, actors, services }: Status, series: Series | undefined): string[] {
  const has = (prefix: string): boolean => actors.some(({ path }) => path.startsWith(prefix));
  const names = new Set(['http']);
  if (broker.kind === 'rabbitmq') names.add('clowder');
  if (has(actorPaths.nginxLog)) names.add('nginx');
  if (services.length > 0) names.add('health');
  if (has(actorPaths.extractors)) names.add('heartbeat');
  if (has(actorPaths.extractions)) names.add('extraction');
  for (const { name, values } of series?.lines ?? []) if (sum(values) > 0) names.add(name);
  return [...Object.keys(titles).filter(name => names.has(name)), ...[...names].filter(name => !(name in titles))];
}

/** What has been added, minute by minute, between the first and the last count. */
function rateOf(id: string, counts: readonly Count[]): number | undefined {
  const [first, last] = [counts[0], counts.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const before = new Map(first.series.times.map((time, at) => [time, valuesOf(id, first.series)[at] ?? 0]));
  const values = valuesOf(id, last.series);
  const added = last.series.times.map((time, at) => Math.max(0, (values[at] ?? 0) - (before.get(time) ?? 0)));
  return sum(added) / ((last.at - first.at) / 1000);
}

const valuesOf = (id: string, series: Series): readonly (number | null)[] =>
  series.lines.find(({ name }) => name === id)?.values ?? [];

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);
