import { posix } from 'node:path';

/** A TypeScript file of the product; the path is relative to the repository, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Who may import a package: paths that begin so. Packages that are not named here may be imported anywhere. */
const drivers: Readonly<Record<string, readonly string[]>> = {
  amqplib: ['src/broker/rabbitmq/'],
  libsql: ['src/storage/'],
  mongodb: ['src/sinks/mongodb'],
  '@influxdata/influxdb-client': ['src/sinks/influxdb'],
  '@amplitude/analytics-node': ['src/sinks/amplitude'],
  nact: ['actors/', 'supervisors/'],
  koa: ['src/http/'],
  'koa-router': ['src/http/'],
  'koa-helmet': ['src/http/'],
  'koa-swagger-decorator': ['src/http/'],
  'raw-body': ['src/http/'],
  'rate-limiter-flexible': ['src/http/'],
  'swagger-ui-dist': ['src/http/'],
  tail: ['src/nginx/file-watch.ts'],
  pino: ['src/log.ts'],
  'pino-pretty': ['src/log.ts'],
  'prom-client': ['src/status/metrics.ts'],
  yaml: ['src/config/'],
};

const environment = ['src/config/', 'src/main.ts'];
const exit = ['src/main.ts'];
/** The entry, and the command that starts the daemon: they put the layers together. */
const composers = ['src/main.ts', 'src/cli/start.ts'];
const maxLines = 300;

/** What breaks the line supervisors → actors → src, and the rules that keep drivers and sinks apart. One sentence each. */
export function violations(sources: readonly Source[]): string[] {
  const stripped = sources.map(source => ({ path: source.path, text: withoutComments(source.text) }));
  const sinks = sinkNames(stripped);
  return [
    ...sources.filter(({ text }) => text.trimEnd().split('\n').length > maxLines).map(tooLong),
    ...stripped.flatMap(source => importsOf(source).flatMap(target => brokenBy(source.path, target, sinks))),
    ...stripped.flatMap(processUse),
    ...circles(stripped),
  ];
}

function tooLong({ path }: Source): string {
  return `${path} has more than ${maxLines} lines`;
}

function brokenBy(path: string, target: string, sinks: readonly string[]): string[] {
  const found: string[] = [];
  const say = (reason: string): number => found.push(`${path} imports ${target}: ${reason}`);
  const owners = drivers[packageOf(target)];
  if (owners && !begins(path, owners)) say(`only ${owners.join(', ')} may`);
  const upward = { src: ['actors/', 'supervisors/'], actors: ['supervisors/'], supervisors: [] }[layer(path)];
  if (upward && begins(target, upward) && !composers.includes(path)) say('upward');
  if (begins(target, ['test/', 'bench/', 'scripts/'])) say('no part of the product');
  if (target === 'src/main.ts') say('the entry imports, and is not imported');
  const sink = sinkOf(path, sinks);
  if (sink) {
    const other = sinkOf(target, sinks);
    if (other && other !== sink) say('another sink');
    if (target.startsWith('src/broker/') && target !== 'src/broker/broker.ts') say('a broker implementation');
  }
  return found;
}

function processUse({ path, text }: Source): string[] {
  const found: string[] = [];
  if (/\bprocess\.env\b/.test(text) && !begins(path, environment)) found.push(`${path} reads process.env`);
  if (/\bprocess\.exit\(/.test(text) && !begins(path, exit)) found.push(`${path} calls process.exit`);
  return found;
}

/**
 * Files and folders that know each other in a circle, types included: whoever changes one must understand them all. At each level of the tree the parts
 * of a folder (its files, and its folders whole) may only import in one direction.
 */
function circles(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map(source => [source.path, importsOf(source)]));
  const folders = new Set([...imports.keys()].flatMap(path => ancestors(path)));
  const found = [...folders].flatMap(folder => {
    const edges = new Map<string, Set<string>>();
    for (const [path, targets] of imports) {
      const from = partOf(folder, path);
      for (const target of from === undefined ? [] : targets) {
        const to = imports.has(target) ? partOf(folder, target) : undefined;
        if (from !== undefined && to !== undefined && to !== from)
          edges.set(from, (edges.get(from) ?? new Set()).add(to));
      }
    }
    return [...edges.keys()].flatMap(start => {
      const circle = shortestCircle(edges, start);
      return circle === undefined ? [] : [circle];
    });
  });
  const named = new Map(found.map(circle => [[...circle].sort().join(), circle]));
  return [...named.values()].map(circle => `a circle of imports: ${[...circle, circle[0]].join(' → ')}`);
}

function ancestors(path: string): string[] {
  const steps = path.split('/').slice(0, -1);
  return steps.map((_step, index) => steps.slice(0, index + 1).join('/'));
}

/** The file or folder directly under `folder` that the path belongs to. */
function partOf(folder: string, path: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const [first] = path.slice(folder.length + 1).split('/');
  return `${folder}/${first}`;
}

function shortestCircle(edges: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] | undefined {
  const paths = [[start]];
  const seen = new Set<string>();
  for (let path = paths.shift(); path; path = paths.shift()) {
    for (const next of edges.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return path;
      if (!seen.has(next)) paths.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** Packages by name, files by their path in the repository. */
function importsOf({ path, text }: Source): string[] {
  const pattern =
    /\bfrom\s+'([^']+)'|\bimport\s+'([^']+)'|\b(?:import|require)\s*\(\s*'([^']+)'|\bnew URL\(\s*'(\.[^']+\.js)'/g;
  return [...text.matchAll(pattern)].map(match => {
    const name = match.slice(1).find(group => group !== undefined) ?? '';
    if (!name.startsWith('.')) return name;
    return posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts');
  });
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

function layer(path: string): string {
  return path.split('/')[0] ?? '';
}

/** The sinks are what the registry imports from its own folder. */
function sinkNames(sources: readonly Source[]): string[] {
  const registry = sources.find(({ path }) => path === 'src/sinks/registry.ts');
  if (!registry) return [];
  return importsOf(registry)
    .map(target => /^src\/sinks\/([^/.]+)/.exec(target)?.[1])
    .filter(name => name !== undefined && name !== 'sink') as string[];
}

/** Of a file like `src/sinks/influxdb.ts`, `src/sinks/influxdb/line.ts` or `src/sinks/influxdb-line.ts`. */
function sinkOf(path: string, sinks: readonly string[]): string | undefined {
  const name = /^src\/sinks\/([^/.]+)/.exec(path)?.[1];
  return sinks.find(sink => name === sink || name?.startsWith(`${sink}-`));
}

function begins(path: string, starts: readonly string[]): boolean {
  return starts.some(start => path.startsWith(start));
}

/** Strings are matched as well, so that the slashes in one start no comment. */
function withoutComments(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, found =>
    found.startsWith('/') ? ' ' : found,
  );
}
