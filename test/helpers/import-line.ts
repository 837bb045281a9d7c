import { posix } from 'node:path';
import type { Rule, Source } from '../rules/rule.js';

/** Who may import a package: paths that begin so. Packages that are not named here may be imported anywhere. */
const drivers: Readonly<Record<string, readonly string[]>> = {
  amqplib: ['src/broker/rabbitmq/'],
  libsql: ['src/storage/'],
  maxmind: ['src/geoip/'],
  mongodb: ['src/sinks/mongodb'],
  pg: ['src/sinks/postgresql/'],
  '@influxdata/influxdb-client': ['src/sinks/influxdb'],
  '@amplitude/analytics-node': ['src/sinks/amplitude'],
  undici: ['src/outgoing.ts'],
  'https-proxy-agent': ['src/sinks/influxdb'],
  aws4fetch: ['src/sinks/archive/'],
  nodemailer: ['src/sinks/notify-email/'],
  nact: ['actors/', 'supervisors/'],
  koa: ['src/http/'],
  'koa-router': ['src/http/'],
  'koa-helmet': ['src/http/'],
  'koa-swagger-decorator': ['src/http/'],
  'raw-body': ['src/http/'],
  'rate-limiter-flexible': ['src/http/'],
  'swagger-ui-dist': ['src/http/'],
  tail: ['src/nginx/files/file-watch.ts'],
  pino: ['src/log.ts'],
  'pino-pretty': ['src/log.ts'],
  'prom-client': ['src/status/metrics.ts'],
  yaml: ['src/config/'],
  re2js: ['src/health/pattern.ts'],
  croner: ['src/health/recurrence.ts'],
};

const environment = ['src/config/', 'src/main.ts'];
const exit = ['src/main.ts'];
/** The entry, and the command that starts the daemon: they put the layers together. */
const composers = ['src/main.ts', 'src/cli/start.ts'];
const maxLines = 300;

/** What the text of product files keeps to. */
export const importRules: readonly Rule[] = [
  {
    name: 'one direction',
    why: 'Imports go supervisors → actors → src and never back, so that what lies below can be read, tested and used without what lies above.',
    broken: imports((path, target) => {
      const upward = { src: ['actors/', 'supervisors/'], actors: ['supervisors/'], supervisors: [] }[layer(path)];
      if (upward && begins(target, upward) && !composers.includes(path)) return 'that is upward';
      return target === 'src/main.ts' ? 'the entry imports, and is not imported' : undefined;
    }),
  },
  {
    name: 'no circle',
    why: 'Files or folders that know each other in a circle, types included, can only be understood all at once.',
    broken: sources => circles(sources.map(withoutComments)),
  },
  {
    name: 'one importer a driver',
    why: 'A library that is imported in one place can be replaced, upgraded and faked in one place.',
    broken: imports((path, target) => {
      const owners = drivers[packageOf(target)];
      return owners === undefined || begins(path, owners) ? undefined : `only ${owners.join(', ')} may`;
    }),
  },
  {
    name: 'sinks apart',
    why: 'A sink knows no other sink and no broker, so that it can be added, changed and taken out by itself.',
    broken: sources => {
      const sinks = sinkNames(sources.map(withoutComments));
      return imports((path, target) => {
        const sink = sinkOf(path, sinks);
        const other = sinkOf(target, sinks);
        if (sink === undefined) return undefined;
        if (other !== undefined && other !== sink) return 'that is another sink';
        return target.startsWith('src/broker/') && target !== 'src/broker/broker.ts' ? 'that is a broker' : undefined;
      })(sources);
    },
  },
  {
    name: 'product without tests',
    why: 'What is shipped imports nothing that is not shipped.',
    broken: imports((_path, target) =>
      begins(target, ['test/', 'bench/', 'scripts/']) ? 'that is not part of the product' : undefined,
    ),
  },
  {
    name: 'environment in one place',
    why: 'Settings are read once, whole, at the edge, so that every problem is reported at the start and a component gets only its own.',
    broken: uses(/\bprocess\.env\b/, environment, 'reads process.env'),
  },
  {
    name: 'exit in one place',
    why: 'Only the entry ends the process, so that no shutdown step is skipped and every command can be tested.',
    broken: uses(/\bprocess\.exit\(/, exit, 'calls process.exit'),
  },
  {
    name: 'at most 300 lines',
    why: 'A product file that grows past 300 lines has a second thing in it, which wants a file of its own.',
    broken: sources =>
      sources.filter(({ text }) => text.trimEnd().split('\n').length > maxLines).map(({ path }) => `${path} is longer`),
  },
];

/** Asks about each import of each file; the answer is what is wrong with it. */
function imports(fault: (path: string, target: string) => string | undefined): Rule['broken'] {
  return sources =>
    sources.map(withoutComments).flatMap(source =>
      importsOf(source).flatMap(target => {
        const reason = fault(source.path, target);
        return reason === undefined ? [] : [`${source.path} imports ${target}: ${reason}`];
      }),
    );
}

function uses(pattern: RegExp, allowed: readonly string[], fault: string): Rule['broken'] {
  return sources =>
    sources
      .map(withoutComments)
      .filter(({ path, text }) => pattern.test(text) && !begins(path, allowed))
      .map(({ path }) => `${path} ${fault}`);
}

/**
 * Files and folders that know each other in a circle, types included: whoever changes one must understand them all. At
 * each level of the tree the parts of a folder (its files, and its folders whole) may only import in one direction.
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
export function importsOf({ path, text }: Source): string[] {
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

/** The sink of a file like `src/sinks/influxdb.ts`, `src/sinks/influxdb/line.ts` or `src/sinks/influxdb-line.ts`. */
function sinkOf(path: string, sinks: readonly string[]): string | undefined {
  const name = /^src\/sinks\/([^/.]+)/.exec(path)?.[1];
  return sinks.find(sink => name === sink || name?.startsWith(`${sink}-`));
}

function begins(path: string, starts: readonly string[]): boolean {
  return starts.some(start => path.startsWith(start));
}

/** Strings are matched as well, so that the slashes in one start no comment. */
function withoutComments({ path, text }: Source): Source {
  const pattern = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return { path, text: text.replace(pattern, found => (found.startsWith('/') ? ' ' : found)) };
}
