// timeout: 120 s
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const folder = fileURLToPath(new URL('../../../fixtures/events/', import.meta.url));
const files = readdirSync(folder)
  .filter(name => name.endsWith('.ndjson'))
  .map(name => join(folder, name));

const test = suite<{ daemon: TestDaemon }>('replay');
test.before(async context => {
  context.daemon = await new TestDaemon().start();
});
test.after(({ daemon }) => daemon.remove());

function replay(daemon: TestDaemon): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'replay', ...files, '--now', '--url', daemon.url],
    {
      env: { PATH: process.env.PATH, EVENT_SINK_API_KEY: daemon.key },
      encoding: 'utf8',
    },
  );
  return { status, output: stdout + stderr };
}

test('the recorded events arrive once each, with every field as recorded, and a second replay adds nothing', async ({
  daemon,
}) => {
  const recorded = files.flatMap(file => readFileSync(file, 'utf8').split('\n')).filter(line => line.trim() !== '');
  const first = replay(daemon);
  assert.is(first.status, 0, first.output);
  await daemon.drained();
  const stored = await daemon.stored();
  assert.is(stored.length, recorded.length);
  assert.is(new Set(stored.map(({ id }) => id)).size, recorded.length);
  const bodies = new Set(stored.map(event => comparable(event)));
  for (const line of recorded) assert.ok(bodies.has(comparable(JSON.parse(line))), line);

  const second = replay(daemon);
  assert.is(second.status, 0, second.output);
  await daemon.drained();
  const again = await daemon.stored();
  assert.is(again.length, stored.length);
  assert.equal(
    again.map(({ id }) => id),
    stored.map(({ id }) => id),
  );
});

/** The event without what the daemon adds or normalises. */
function comparable(event: Record<string, unknown>): string {
  const { id: _id, id_original: _original, created: _created, _source, _received, ...rest } = event;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test.run();
