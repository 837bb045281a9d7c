import helmet from 'koa-helmet';
import type Router from 'koa-router';
import { buildDocument } from './document.js';
import { addPage } from './page-files.js';
import { type StaticFile, serve } from './static-files.js';

const styles = new URL(import.meta.resolve('swagger-ui-dist/swagger-ui.css'));
const bundle = new URL(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'));

const docsPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>event-sink API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <div id="docs"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

/** `validatorUrl` unset would ask a server on the internet to check the document. */
const docsStart = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
`;

/** Under one path each; no key is needed for any of them. */
const files: readonly StaticFile[] = [
  { path: '/docs', type: 'html', content: () => docsPage },
  { path: '/docs/start.js', type: 'js', content: () => docsStart },
  { path: '/docs/swagger-ui.css', type: 'css', content: styles },
  { path: '/docs/swagger-ui-bundle.js', type: 'js', content: bundle },
  { path: '/openapi.json', type: 'json', content: () => JSON.stringify(buildDocument()) },
];

/** Nothing but what this server sends, no inline script, no frame. Swagger UI sets styles on its elements and draws icons from data. */
const pageHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // Whether this host speaks TLS, and its neighbours too, is for the proxy in front to say.
  strictTransportSecurity: false,
});

export function addPages(router: Router): void {
  addPage(router);
  for (const file of files) {
    if (file.type === 'html') router.get(file.path, pageHeaders, serve(file));
    else router.get(file.path, serve(file));
  }
}
