// timeout: 600 s
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complete, findProgram } from '../helpers/running.js';
import { required } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { Container, unpackImage, volumeOf } from './container.js';

const able = process.getuid?.() === 0 && ['buildah', 'ip', 'curl'].every(name => findProgram(name) !== undefined);
const how = 'as root, install buildah, iproute2 and curl, or run `npm run verify`';
required('a built image', able ? {} : { skip: how });

/** What the README lets a newcomer type, block by block. The image stands for the first, `npm ci && npm start`. */
const [, beginning = ''] = /^## Start\n(.*?)^## /ms.exec(readFileSync('README.md', 'utf8')) ?? [];
const [, send = '', readBack = '', commands = ''] = [...beginning.matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, block = '']) => block,
);

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
await complete(process.execPath, ['scripts/image.mjs', '--output', at('image.tar')]);
const image = unpackImage(at('image.tar'), folder.path);
// The reader's folder, in which the daemon keeps `data`.
mkdirSync(at('reader'));
mkdirSync(at('logs'));
writeFileSync(
  at('logs/access.log'),
  `192.0.2.7 - - [${yesterday()}] "GET /files/5f3c2a1b4e8d9c0a7b6e5d4c HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n`,
);
const [volume = ''] = Object.keys(image.config.Volumes);
const container = await Container.start(image, {
  [volume]: volumeOf(image, volume, at('reader/data')),
  '/var/log/nginx': at('logs'),
});
const typed = (block: string): Promise<string> => container.inNetwork(['sh', '-c', block], at('reader'));

/** As a log of NGINX writes it. */
function yesterday(): string {
  const [, day, month, year, time] = new Date(Date.now() - 86_400_000).toUTCString().split(/,? /);
  return `${day}/${month}/${year}:${time} +0000`;
}

test.after(async () => {
  await container.kill();
  folder.remove();
});

test('the image starts as an ordinary user on a read-only root, and its own check finds the daemon', async () => {
  const [kind, ...check] = image.config.Healthcheck.Test;
  assert.is(kind, 'CMD');
  await until(() => container.exec(check).then(() => true), 'the check of the image', 120_000);
  assert.is(await container.exec(['id', '-u']), '1000\n');
  assert.match(container.output, '"msg":"daemon.started"');
});

test("the README's first event is sent, and read back from the local store", async () => {
  assert.match(await typed(send), '"accepted":1');
  const found = await until(async () => {
    const answer = await typed(readBack);
    return answer.includes('survey.csv') && answer;
  }, 'the event');
  assert.match(found, '"size":52311');
});

test('the page is there, with everything that it loads', async () => {
  const page = await typed('curl -sS --fail http://127.0.0.1:8080/');
  const loaded = [...page.matchAll(/(?:src|href)="([^"#]+)"|": ?"(\.?\/?assets\/[^"]+)"/g)].map(
    ([, linked, imported]) => linked ?? imported ?? '',
  );
  assert.ok(loaded.length > 2, page);
  for (const path of loaded) await typed(`curl -sS --fail -o /dev/null ${new URL(path, 'http://127.0.0.1:8080/')}`);
});

test("the README's commands are there, under their name", async () => {
  const printed = await container.exec(['sh', '-ec', commands]);
  assert.match(printed, 'Usage');
});

test('it ends by the signal that the image names', async () => {
  assert.equal(await container.stop(), { code: 0, signal: null }, container.output);
  assert.match(container.output, '"msg":"daemon.stopped"');
});

test.run();
