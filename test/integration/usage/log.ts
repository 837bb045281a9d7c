import { naiveMonths, type Visit } from '../../usage/naive.js';
import { agents, filesEach, spaceId, spaceOf } from './script.js';

const line = /^(\S+) - (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]+" (\d{3}) (\d+) "[^"]*" "([^"]*)"$/;

/** What nginx wrote of a request. */
interface Line {
  readonly number: number;
  readonly address: string;
  readonly login: string | undefined;
  /** Epoch ms. */
  readonly time: number;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly bytes: number;
  readonly agent: string;
}

/** An access that the log tells of. */
export interface Access extends Visit {
  readonly line: Line;
  /** Why it does not count. */
  readonly leftOut: 'robot' | 'extractor' | 'preview' | undefined;
}

export type Method = 'regular' | 'machine';
export const figureNames = [
  'total_dataset_investigations',
  'unique_dataset_investigations',
  'total_dataset_requests',
  'unique_dataset_requests',
  'bytes',
  'request_bytes',
] as const;
export type Figures = Record<(typeof figureNames)[number], number>;

/** The figures of a dataset in a month, by people or machines. */
export interface Known extends Figures {
  /** `2026-03`. */
  readonly month: string;
  readonly dataset: number;
  readonly method: Method;
}

export function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((written, number) => {
      const [, address = '', login, time = '', method = '', target = '', status, bytes, agent = ''] =
        line.exec(written) ?? [];
      if (address === '') throw new Error(`not a line of nginx: ${written}`);
      return {
        ...{ number, address, method, target, agent, login: login === '-' ? undefined : login },
        time: Date.parse(time.replace(/^(\d+)\/(\w+)\/(\d+):(.+)$/, '$1 $2 $3 $4')),
        status: Number(status),
        bytes: Number(bytes),
      };
    });
}

/** The lines that tell of an access, by the rules, read in the plainest way. */
export function accessesOf(lines: readonly Line[]): Access[] {
  return lines.flatMap(one => {
    const { target, method, status, agent, address, login, number } = one;
    const isView = /^\/datasets\/da(\d{22})(?:\?|$)/.exec(target);
    const isFile = /^\/(?:api\/)?files\/f1(\d{22})\/blob\?/.exec(target);
    const isZip = /^\/api\/datasets\/da(\d{22})\/download$/.exec(target);
    const found = isView ?? isFile ?? isZip;
    const by = agents[agent];
    if (found === null || method !== 'GET' || status >= 400) return [];
    if (by === undefined) throw new Error(`an agent that is not in the script: ${agent}`);
    const isPreview = target.includes('tracking=false');
    // A file that a page shows is no download at all.
    if (isPreview && isView === null) return [];
    const id = Number(found[1]);
    const file = isFile === null ? -1 - id : id;
    const access: Access = {
      id: String(number).padStart(8, '0'),
      time: one.time,
      who: login === undefined ? { visitor: `${address} ${agent}` } : { login },
      // To the naive rules, whoever does not count is a robot.
      by: by === 'extractor' ? 'robot' : by,
      kind: isView === null ? 'download' : 'view',
      dataset: isFile === null ? id : Math.floor(id / filesEach),
      file,
      status: status as Visit['status'],
      bytes: one.bytes,
      line: one,
      leftOut: by === 'robot' || by === 'extractor' ? by : isPreview ? 'preview' : undefined,
    };
    return [access];
  });
}

/** What is known of the accesses: the figures of every dataset, and what is left out of them. */
export function knownOf(accesses: readonly Access[]): {
  readonly figures: readonly Known[];
  readonly leftOut: Readonly<Record<'robot' | 'extractor' | 'preview' | 'double_click', number>>;
} {
  const counted = accesses.filter(({ leftOut }) => leftOut === undefined);
  // One dataset has nothing to do with the others, and the naive way is slow.
  const figures = [...grouped(counted, ({ dataset }) => dataset).values()].flatMap(group =>
    naiveMonths(group).map(read),
  );
  const parts = counted.filter(({ status, kind }) => status === 206 && kind === 'download');
  const merged = new Set(
    parts.map(({ file, who, time }) => `${file} ${JSON.stringify(who)} ${Math.floor(time / 3_600_000)}`),
  );
  const clicks = figures.reduce((sum, one) => sum + one.total_dataset_investigations, 0);
  const sumOf = (reason: Access['leftOut']): number => accesses.filter(({ leftOut }) => leftOut === reason).length;
  return {
    figures,
    leftOut: {
      robot: sumOf('robot'),
      extractor: sumOf('extractor'),
      preview: sumOf('preview'),
      double_click: counted.length - parts.length + merged.size - clicks,
    },
  };
}

/** `202603 7 regular: 5 investigations (3 unique), …`. */
function read(words: string): Known {
  const [month = '', dataset, ...counts] = words.match(/\d+/g) ?? [];
  const figures = Object.fromEntries(figureNames.map((name, index) => [name, Number(counts[index])])) as Figures;
  const method = words.includes(' regular:') ? 'regular' : 'machine';
  return { month: `${month.slice(0, 4)}-${month.slice(4)}`, dataset: Number(dataset), method, ...figures };
}

/** Sums by a key and by people and machines: `key regular`. What is 0 is left out. */
export function sumsBy(known: readonly Known[], keyOf: (one: Known) => string): Record<string, Figures> {
  const sums: Record<string, Figures> = {};
  for (const [key, group] of grouped(known, one => `${keyOf(one)} ${one.method}`))
    sums[key] = Object.fromEntries(
      figureNames.map(name => [name, group.reduce((sum, one) => sum + one[name], 0)]),
    ) as Figures;
  return sums;
}

/** Its space as the API says it. */
export function spaceNamed({ dataset }: Pick<Known, 'dataset'>): string {
  const space = spaceOf(dataset);
  return space === undefined ? 'null' : spaceId(space);
}

export function grouped<One, Key>(list: readonly One[], keyOf: (one: One) => Key): Map<Key, One[]> {
  const groups = new Map<Key, One[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
