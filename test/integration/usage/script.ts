import { datasetId, fileId, firefox } from '../../usage/scene.js';

/** What somebody asks for, one request after the other. */
export interface Chain {
  readonly address: string;
  readonly agent: string;
  readonly login?: string;
  readonly requests: readonly Asked[];
}

export interface Asked {
  readonly path: string;
  readonly method?: 'HEAD';
  /** First and last byte. */
  readonly range?: readonly [first: number, last: number];
  /** It is in the browser's cache. */
  readonly cached?: true;
  /** It is no access to a dataset or file that went well. */
  readonly isNone?: true;
}

/** Who asks, by agent. */
export const agents: Readonly<Record<string, 'regular' | 'machine' | 'robot' | 'extractor'>> = {
  [firefox]: 'regular',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36':
    'regular',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1':
    'regular',
  'curl/8.5.0': 'machine',
  'python-requests/2.32.3': 'machine',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)': 'robot',
  'ncsa.wordcount/2.1 pyClowder/3.0': 'extractor',
};
const all = Object.keys(agents);
const of = (kind: string): string[] => all.filter(agent => agents[agent] === kind);
const [people, machines, robots, extractors] = ['regular', 'machine', 'robot', 'extractor'].map(of);

/** Files of a dataset, by the last digit of their number. */
export const filesEach = 10;
const roles = { first: 0, second: 1, third: 2, zipped: 3, parts: 6, cached: 7, extracted: 8, shown: 9 };
/** Bytes of a file. */
export const sizeOf = (file: number): number => 1_000 + 37 * (file % filesEach);
export const pageBytes = 21;
export const zipBytes = 50;
/** Robots and previews have datasets of their own, so that the audit need not guess whose view Clowder published. */
const firstOfRobots = 500;
const firstOfPreviews = 600;
const isNone = true;
const missingFile = `${'e'.repeat(23)}0`;

export const spaceId = (number: number): string => `5a${String(number).padStart(22, '0')}`;
/** The space that a dataset is in. */
export const spaceOf = (dataset: number): number | undefined => (dataset % 4 === 3 ? undefined : dataset % 3);

function page(dataset: number): string {
  const space = spaceOf(dataset);
  return `/datasets/${datasetId(dataset)}${space === undefined ? '' : `?space=${spaceId(space)}`}`;
}

const fileOf = (dataset: number, role: keyof typeof roles): number => dataset * filesEach + roles[role];
const named = (dataset: number, role: keyof typeof roles): string =>
  `${fileId(fileOf(dataset, role))}/blob?dataset=${datasetId(dataset)}`;
const blob = (dataset: number, role: keyof typeof roles): string => `/files/${named(dataset, role)}`;
const byApi = (dataset: number, role: keyof typeof roles): string => `/api/files/${named(dataset, role)}`;
const zip = (dataset: number): string => `/api/datasets/${datasetId(dataset)}/download`;

/** Chains of at least as many requests in all; the same ones in every run. */
export function script(requests: number): Chain[] {
  const chains: Chain[] = [];
  const datasets = Math.max(6, Math.round(requests / 200));
  for (let number = 0, planned = 0; planned < requests; number += 1) {
    const chain = chainOf(number, number % datasets);
    chains.push(chain);
    planned += chain.requests.length;
  }
  return chains;
}

function chainOf(number: number, dataset: number): Chain {
  const address = `10.${number >> 14}.${(number >> 7) & 127}.${(number & 127) + 1}`;
  const one = (list: readonly string[] | undefined): string => list?.[number % list.length] ?? '';
  const asks = (...paths: readonly string[]): Asked[] => paths.map(path => ({ path }));
  if (number % 7 === 5) {
    const own = firstOfRobots + (dataset % 5);
    return { address, agent: one(robots), requests: asks(page(own), page(own), blob(own, 'first')) };
  }
  if (number % 7 === 6)
    return {
      address,
      agent: one(extractors),
      requests: [...asks(...twice(byApi(dataset, 'extracted'))), { path: '/api/status', isNone }],
    };
  if (number % 7 >= 3) {
    const files = asks(byApi(dataset, 'first'), byApi(dataset, 'second'), ...twice(byApi(dataset, 'third')));
    return { address, agent: one(machines), requests: [...files, ...asks(zip(dataset), ...twice(zip(dataset)))] };
  }
  const login = number % 4 === 0 ? { login: `person-${number % 24}` } : {};
  return { address, agent: one(people), ...login, requests: visit(number, dataset) };
}

const twice = (path: string): string[] => [path, path];

/** A person looks at a dataset and takes some of its files. */
function visit(number: number, dataset: number): Asked[] {
  const requests: Asked[] = [page(dataset), page(dataset), blob(dataset, 'first'), blob(dataset, 'second')].map(
    path => ({ path }),
  );
  if (number % 2 === 0) requests.push(...twice(blob(dataset, 'third')).map(path => ({ path })), { path: zip(dataset) });
  if (number % 3 === 0)
    for (const range of [
      [0, 499],
      [500, 799],
      [800, sizeOf(roles.parts) - 1],
    ] as const)
      requests.push({ path: blob(dataset, 'parts'), range });
  if (number % 4 === 1) requests.push({ path: blob(dataset, 'cached'), cached: true });
  if (number % 4 === 2)
    requests.push(
      { path: page(dataset), method: 'HEAD', isNone },
      { path: blob(dataset, 'first'), method: 'HEAD', isNone },
      { path: `/files/${missingFile}/blob?dataset=${datasetId(dataset)}`, isNone },
      { path: `${blob(dataset, 'shown')}&tracking=false`, isNone },
      { path: '/assets/clowder.css', isNone },
    );
  // A page that shows itself as a preview.
  if (number % 5 === 0) requests.push({ path: `/datasets/${datasetId(firstOfPreviews + dataset)}?tracking=false` });
  return requests;
}
