import { readdirSync } from 'node:fs';
import type { Middleware } from 'koa';
import type Router from 'koa-router';
import { programFile } from '../program-files.js';
import type { ApiContext } from './context.js';
import { identify, presentedKey } from './middleware/authentication.js';
import { pageHeaders } from './middleware/page-headers.js';
import { type StaticFile, serve } from './static-files.js';

/** Compiled for the browser, and served as they are: no bundler. */
const folder = programFile('dist/src/page/');

/** Modules of the daemon that those of the page import. */
const shared = ['events/timestamp.js', 'spans.js', 'status/actor-paths.js'];

/** What the modules of the page import by name, from the packages that are installed here. */
const packages: Readonly<Record<string, string>> = {
  preact: 'preact',
  'preact/hooks': 'preact/hooks',
  htm: 'htm',
  uplot: 'uplot/dist/uPlot.esm.js',
};

const fonts: Readonly<Record<string, () => string>> = {
  'sans.woff2': () =>
    import.meta.resolve('@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-wght-normal.woff2'),
  'sans-extended.woff2': () =>
    import.meta.resolve('@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-ext-wght-normal.woff2'),
  'mono.woff2': () => import.meta.resolve('@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2'),
};

/** The style sheet of uPlot, which draws the charts. */
const chartStyle = 'uplot.css';

/** Found when it is asked for first. */
const installed = (name: string) => (): URL => new URL(import.meta.resolve(name));
const packagePath = (name: string): string => `page/packages/${name.replace('/', '-')}.js`;

/** The operator's page at `/` and everything it loads. None of it needs a key, and none of it is secret. */
export function addPage(router: Router): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modules = [...names.filter(name => name.endsWith('.js')).map(name => `page/${name}`), ...shared];
  const styles = [chartStyle, ...inOrder(names.filter(name => name.endsWith('.css')))];
  const files: StaticFile[] = [
    ...modules.map(path => ({ path: `/${path}`, type: 'js', content: programFile(`dist/src/${path}`) })),
    ...Object.entries(packages).map(([name, file]) => ({
      path: `/${packagePath(name)}`,
      type: 'js',
      content: installed(file),
    })),
    ...styles.map(name => ({
      path: `/page/${name}`,
      type: 'css',
      content: name === chartStyle ? installed('uplot/dist/uPlot.min.css') : new URL(name, folder),
    })),
    ...Object.entries(fonts).map(([name, file]) => ({
      path: `/page/${name}`,
      type: 'font/woff2',
      content: () => new URL(file()),
    })),
    { path: '/page/icon.svg', type: 'svg', content: new URL('elements/icon.svg', folder) },
  ];
  const preload = [...modules, ...Object.keys(packages).map(packagePath)];
  router.get('/', pageHeaders, shell(preload, styles));
  router.get('/page/session', session as unknown as Router.IMiddleware);
  for (const file of files) router.get(file.path, serve(file));
}

/**
 * Style sheets in the order in which they are loaded, where the later one wins: the elements that all sections share
 * (`base.css` first), the shell around the sections, then the sections by name. A section's sheet only speaks of that
 * section.
 */
function inOrder(styles: readonly string[]): string[] {
  const rank = (name: string): number =>
    name === 'elements/base.css' ? 0 : name.startsWith('elements/') ? 1 : name.startsWith('shell/') ? 2 : 3;
  return [...styles].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Every path is relative, so that the page also works below a path of a proxy. */
function shell(preload: readonly string[], styles: readonly string[]): Middleware {
  const imports = Object.fromEntries(Object.keys(packages).map(name => [name, `./${packagePath(name)}`]));
  return async ctx => {
    ctx.type = 'html';
    ctx.set('Cache-Control', 'no-store');
    ctx.body = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>event-sink</title>
    <link rel="icon" type="image/svg+xml" href="page/icon.svg">
    <link rel="preload" as="font" type="font/woff2" href="page/sans.woff2" crossorigin>
${styles.map(name => `    <link rel="stylesheet" href="page/${name}">`).join('\n')}
    <script type="importmap" nonce="${ctx.state.nonce}">${JSON.stringify({ imports })}</script>
${preload.map(path => `    <link rel="modulepreload" href="${path}">`).join('\n')}
    <script type="module" src="page/main.js"></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript><p>This page needs JavaScript. The same is available through <a href="docs">the API</a> and on the command line: <code>event-sink --help</code>.</p></noscript>
  </body>
</html>
`;
  };
}

/** Who is signed in, or null, so that the page need not provoke a 401 to find out. */
async function session(ctx: ApiContext): Promise<void> {
  const key = identify(ctx);
  // Keys must not be easier to guess here than elsewhere.
  if (key === undefined && presentedKey(ctx) !== undefined) await ctx.services.failedAttempts.count(ctx.network);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { session: key === undefined ? null : { name: key.name, scopes: key.scopes } };
}
