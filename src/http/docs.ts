import type Router from 'koa-router';
import { programFile } from '../program-files.js';
import { docsHeaders } from './middleware/page-headers.js';
import { type StaticFile, serve } from './static-files.js';

const styles = (): URL => new URL(import.meta.resolve('swagger-ui-dist/swagger-ui.css'));
const bundle = (): URL => new URL(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'));

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

/** Left unset, `validatorUrl` would ask a server on the internet to check the document. */
const docsStart = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
`;

/** None of these needs a key. */
const files: readonly StaticFile[] = [
  { path: '/docs', type: 'html', content: () => docsPage },
  { path: '/docs/start.js', type: 'js', content: () => docsStart },
  { path: '/docs/swagger-ui.css', type: 'css', content: styles },
  { path: '/docs/swagger-ui-bundle.js', type: 'js', content: bundle },
  { path: '/openapi.json', type: 'json', content: programFile('openapi/openapi.json') },
];

/** The API's documentation by Swagger UI, and the document it reads, which was made of the routes at the build. */
export function addDocs(router: Router): void {
  for (const file of files) {
    if (file.type === 'html') router.get(file.path, docsHeaders, serve(file));
    else router.get(file.path, serve(file));
  }
}
