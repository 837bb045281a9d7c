import { readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { complete } from '../helpers/running.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const installed = join(folder.path, 'package');
const main = join(installed, 'dist/src/main.js');

// As `npm pack` and `npm install` of it would, with the packages of this folder.
await complete('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder.path]);
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
await complete('tar', ['-xzf', join(folder.path, `${name}-${version}.tgz`), '-C', folder.path]);
symlinkSync(resolve('node_modules'), join(installed, 'node_modules'));
const daemon = new TestDaemon({ main });

test.after(async () => {
  await daemon.remove();
  folder.remove();
});

test('the package has the program and the licences of what it contains', async () => {
  assert.is(await complete(process.execPath, [main, '--version']), `${version}\n`);
  const [, build = ''] = /program\/([^/]+)/.exec(readFileSync(main, 'utf8')) ?? [];
  const licences = readFileSync(join(installed, `dist/program/${build}/LICENSES.txt`), 'utf8');
  for (const part of ['koa', 'koa-compose', 'koa-swagger-decorator', 'nact', 'pino', 'zod'])
    assert.match(licences, new RegExp(`^${part} \\d+\\.\\d+\\.\\d+\\n\\n\\S`, 'm'));
});

test('the package starts: it takes an event, gives it back, and serves its page', async () => {
  await daemon.start();
  assert.is((await daemon.post({ category: 'upload', resource_name: 'packed.csv' })).status, 202);
  await daemon.drained();
  assert.equal(
    (await daemon.stored('upload')).map(event => event.resource_name),
    ['packed.csv'],
  );
  const page = await fetch(`${daemon.url}/`);
  assert.is(page.status, 200);
  const paths = [...(await page.text()).matchAll(/(?:src|href)="(\/?[\w./-]+\.(?:js|css))"/g)].map(
    ([, path = '']) => path,
  );
  assert.ok(paths.length > 0);
  const types: [path: string, type: RegExp][] = [
    ...paths.map((path): [string, RegExp] => [path, path.endsWith('.js') ? /^text\/javascript/ : /^text\/css/]),
    ['/page/icon.svg', /^image\/svg\+xml/],
    ['/openapi.json', /^application\/json/],
  ];
  for (const [path, type] of types) {
    const { status, headers } = await fetch(new URL(path, daemon.url));
    assert.is(status, 200, path);
    assert.match(headers.get('content-type') ?? '', type, path);
  }
  assert.equal(daemon.complaints, []);
});

test.run();
