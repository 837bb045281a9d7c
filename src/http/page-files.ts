import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { Middleware } from 'koa';
import helmet from 'koa-helmet';
import type Router from 'koa-router';
import type { ApiContext } from './context.js';
import { identify, presentedKey } from './middleware/authentication.js';
import { type StaticFile, serve } from './static-files.js';

/** Compiled for the browser, and served as they are: no bundler. */
const folder = new URL('../page/', import.meta.url);

/** What the modules of the page import by name, from the packages that are installed here. */
const packages: Readonly<Record<string, string>> = {
  preact: 'preact',
  'preact/hooks': 'preact/hooks',
  htm: 'htm',
  uplot: 'uplot/dist/uPlot.esm.js',
};

const styles = [
  'uplot.css',
  'elements/base.css',
  'shell/layout.css',
  'flow/flow.css',
  'elements/sections.css',
  'events/events.css',
];

const fonts: Readonly<Record<string, string>> = {
  'sans.woff2': import.meta.resolve('@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-wght-normal.woff2'),
  'sans-extended.woff2': import.meta.resolve(
    '@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-ext-wght-normal.woff2',
  ),
  'mono.woff2': import.meta.resolve('@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2'),
};

const installed = (name: string): URL => new URL(import.meta.resolve(name));
const packagePath = (name: string): string => `page/packages/${name.replace('/', '-')}.js`;

/** The operator's page at `/` and all that it loads. Nothing of it needs a key, and nothing in it is secret. */
export function addPage(router: Router): void {
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.js'))
    .map(name => `page/${name}`);
  const files: StaticFile[] = [
    ...modules.map(path => ({ path: `/${path}`, type: 'js', content: new URL(path.slice(5), folder) })),
    ...Object.entries(packages).map(([name, file]) => ({
      path: `/${packagePath(name)}`,
      type: 'js',
      content: installed(file),
    })),
    ...styles.map(name => ({
      path: `/page/${name}`,
      type: 'css',
      content: name === 'uplot.css' ? installed('uplot/dist/uPlot.min.css') : new URL(name, folder),
    })),
    ...Object.entries(fonts).map(([name, file]) => ({
      path: `/page/${name}`,
      type: 'font/woff2',
      content: new URL(file),
    })),
    { path: '/page/icon.svg', type: 'svg', content: new URL('elements/icon.svg', folder) },
  ];
  const preload = [...modules, ...Object.keys(packages).map(packagePath)];
  router.get('/', pageHeaders, shell(preload));
  router.get('/page/session', session as unknown as Router.IMiddleware);
  for (const file of files) router.get(file.path, serve(file));
}

/** Every path is relative, so that the page also works below a path of a proxy. */
function shell(preload: readonly string[]): Middleware {
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
    <noscript><p>This page needs JavaScript. The same is at <a href="docs">the API</a> and on the command line: <code>event-sink --help</code>.</p></noscript>
  </body>
</html>
`;
  };
}

/** Who is signed in here, or null: so that the page need not provoke a 401 to find out. */
async function session(ctx: ApiContext): Promise<void> {
  const key = identify(ctx);
  // Keys may not be guessed here faster than elsewhere.
  if (key === undefined && presentedKey(ctx) !== undefined) await ctx.services.failedAttempts.count(ctx.ip);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { session: key === undefined ? null : { name: key.name, scopes: key.scopes } };
}

/** Nothing but what this server sends; the import map is known by its nonce; text never becomes markup or a script. */
const pageHeaders: Middleware = async (ctx, next) => {
  const nonce = randomBytes(16).toString('base64');
  ctx.state.nonce = nonce;
  await helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", `'nonce-${nonce}'`],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
      },
    },
    // Whether this host speaks TLS, and its neighbours too, is for the proxy in front to say.
    strictTransportSecurity: false,
  })(ctx, next);
};
