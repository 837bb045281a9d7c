// timeout: 120 s
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

required('tmpfs', process.getuid?.() === 0 ? {} : { skip: 'a small file system can only be mounted by root' });

const test = suite<{ dir: string; daemon: TestDaemon }>('a disk that fills and empties');

test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', context.dir]);
  context.daemon = new TestDaemon({ dir: context.dir });
});
test.after.each(async ({ dir, daemon }) => {
  await daemon.remove();
  execFileSync('umount', [dir]);
  rmSync(dir, { recursive: true });
});

test('503 while it is full, 202 when there is room again, and nothing accepted is lost', async ({ dir, daemon }) => {
  await daemon.start();
  const ballast = join(dir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024));
  const accepted = new Set<string>();
  const filler = 'x'.repeat(2_000);
  let refusal: Response | undefined;
  for (let number = 0; number < 200 && refusal === undefined; number += 1) {
    const events = Array.from({ length: 50 }, (_, index) => ({ id: `${number}-${index}`, category: 'upload', filler }));
    const response = await daemon.post(events);
    if (response.status === 202) for (const { id } of events) accepted.add(id);
    else refusal = response;
  }
  assert.is(refusal?.status, 503);
  assert.ok(Number(refusal?.headers.get('retry-after')) > 0);
  assert.is((await daemon.request('/healthz')).status, 200);
  const readiness = await daemon.request('/readyz');
  assert.is(readiness.status, 503);
  assert.match(
    ((await readiness.json()) as { detail: string }).detail,
    /^Events cannot be accepted durably: the disk under DATA_DIR /,
  );
  const { problems } = await daemon.json('/v1/status');
  assert.ok(
    problems.some(({ what }) => what.startsWith('Events are not accepted: the disk under DATA_DIR ')),
    JSON.stringify(problems),
  );
  assert.not.match(JSON.stringify(problems), /defect|has given up/);
  const state = async (): Promise<string> => (await daemon.json('/v1/status')).broker.state;
  assert.is(await state(), 'down');
  rmSync(ballast);
  await until(async () => (await state()) === 'ready', 'a broker that has found the room again by itself');
  assert.is((await daemon.request('/readyz')).status, 200);
  let again = await daemon.post({ id: 'after', category: 'upload' });
  for (let attempt = 0; attempt < 50 && again.status !== 202; attempt += 1) {
    await new Promise(resolve => setTimeout(resolve, 100));
    again = await daemon.post({ id: 'after', category: 'upload' });
  }
  assert.is(again.status, 202);
  accepted.add('after');
  await daemon.drained();
  await daemon.kill('SIGKILL');
  await daemon.start();
  await daemon.drained();
  const stored = new Set((await daemon.stored()).map(({ id }) => id));
  assert.equal(
    [...accepted].filter(id => !stored.has(id)),
    [],
  );
  const ledger = await daemon.json('/v1/ledger');
  assert.ok(ledger.balanced, JSON.stringify(ledger.sinks));
});

test('a start on a full disk ends with one clear line, and works when there is room again', async ({ dir, daemon }) => {
  await daemon.start();
  assert.is((await daemon.post({ id: 'before', category: 'upload' })).status, 202);
  await daemon.kill('SIGKILL');
  daemon.output = '';
  const ballast = join(dir, 'ballast');
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024)), /ENOSPC/);
  await daemon.launch();
  assert.is(await daemon.ended(), 1);
  assert.match(daemon.output, /^event-sink: the disk under DATA_DIR .+\n$/);
  rmSync(ballast);
  await daemon.start();
  await daemon.drained();
  assert.equal(
    (await daemon.stored()).map(({ id }) => id),
    ['before'],
  );
});

test.run();
