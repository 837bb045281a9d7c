// How the program is put together: hundreds of modules, each of which would be found, read and linked by itself at
// every start, become a few files. What only some settings or commands need stays apart, and is loaded when they do.
import { readFileSync } from 'node:fs';
import { smallerPackages } from './smaller-packages.mjs';

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Loaded at every start, and put in as well; other packages stay where npm puts them. */
const included = [
  'croner',
  'helmet',
  'isbot',
  'koa',
  'koa-compose',
  'koa-helmet',
  'koa-router',
  'koa-swagger-decorator',
  'nact',
  'pino',
  'prom-client',
  'tail',
  'ua-parser-js',
  'zod',
];

const nothing = 'data:text/javascript,';

/** @type {import('esbuild').BuildOptions} */
const common = {
  outbase: '.',
  // Where the source maps count from; scripts/installed-program.mjs names the folder after what is in it.
  outdir: 'dist/program/build',
  write: false,
  metafile: true,
  bundle: true,
  plugins: [smallerPackages],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  alias: {
    // Once, whoever asks for it, and how.
    zod: './node_modules/zod/index.js',
    // For a documentation that was made when this was built, and with a YAML parser.
    'openapi3-ts/oas30': nothing,
    'openapi3-ts/oas31': nothing,
    // For exemplars, which no metric of ours has.
    '@opentelemetry/api': nothing,
  },
  external: Object.keys(dependencies).filter(name => !included.includes(name)),
  // What is included may ask for modules of Node in the older way.
  banner: {
    js: "import { createRequire as __requireOf } from 'node:module';\nconst require = __requireOf(import.meta.url);",
  },
  // Half as much to read and to keep in memory.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 120,
  sourcemap: true,
  sourcesContent: false,
  // They are in LICENSES.txt, whole.
  legalComments: 'none',
  logLevel: 'warning',
};

/** The entry, and beside it what it loads when it is needed; then each thread in one file. */
export const programBuilds = [
  { ...common, entryPoints: ['src/main.ts'], splitting: true, chunkNames: '[name]-[hash]' },
  {
    ...common,
    entryPoints: ['src/event-loop/watchdog-worker.ts', 'src/storage/reader-worker.ts', 'src/storage/writer-worker.ts'],
  },
];
