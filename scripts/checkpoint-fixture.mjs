/**
 * Writes fixtures/nginx/version-1: a checkpoint of the log reader as version 1.0 (commit 73f46de) wrote it, with an
 * open window, and the logs that it speaks of. Run once; the fixture is in the repository, and every later version must
 * go on from it.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const commit = '73f46de';
const target = resolve('fixtures/nginx/version-1');
const folder = mkdtempSync(join(tmpdir(), 'event-sink-version-1-'));
const tree = join(folder, 'tree');

const line = (number, second) =>
  `10.0.${number % 7}.1 - - [05/Mar/2024:10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} +0000] "GET /api/x/${number} HTTP/1.1" 200 ${number} "-" "Mozilla/5.0 Firefox/123.0"\n`;

execFileSync('git', ['worktree', 'add', '--detach', tree, commit]);
try {
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  execFileSync('node', ['scripts/build.mjs'], { cwd: tree, stdio: 'inherit' });
  const imported = file => import(pathToFileURL(join(tree, 'dist', file)).href);
  const { createLogReader } = await imported('src/nginx/source.js');
  const { parseFormat } = await imported('src/nginx/lines/format.js');
  const { VisitorKeys } = await imported('src/nginx/traffic/visitors.js');
  const { systemClock } = await imported('src/clock.js');
  const { silentLog } = await imported('src/log.js');

  const path = join(folder, 'access.log');
  let checkpoint;
  const reader = createLogReader({
    path,
    name: 'access.log',
    config: {
      files: [],
      format: parseFormat('combined'),
      windowMs: 60_000,
      trafficEvents: ['api'],
      keepIp: false,
      pathPrefix: '',
    },
    visitors: new VisitorKeys({ get: async () => new Map(), put: async () => {} }, systemClock),
    store: {
      load: async () => undefined,
      commit: async (_, position) => {
        checkpoint = JSON.stringify(position, null, 2);
      },
    },
    // The windows of the log are still open.
    clock: { ...systemClock, now: () => Date.UTC(2024, 2, 5, 10, 2) },
    log: silentLog,
    onHold: async error => {
      throw error;
    },
    stopping: new AbortController().signal,
  });
  // 90 lines of two minutes; the log is rotated after 40 of them, and not all of the old one is done with.
  for (let number = 0; number < 40; number += 1) appendFileSync(path, line(number, number));
  await reader.open();
  while ((await reader.pass()).more);
  renameSync(path, `${path}.1`);
  for (let number = 40; number < 90; number += 1) appendFileSync(path, line(number, number));
  while ((await reader.pass()).more);
  await reader.close();

  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'checkpoint.json'), `${checkpoint}\n`);
  for (const name of ['access.log', 'access.log.1'])
    writeFileSync(join(target, name), readFileSync(join(folder, name)));
} finally {
  execFileSync('git', ['worktree', 'remove', '--force', tree]);
  rmSync(folder, { recursive: true, force: true });
}
