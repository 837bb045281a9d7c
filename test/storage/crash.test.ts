import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { until } from '../helpers/wait.js';
import { consume, openBroker } from './appender.js';
import { inFolder } from './scratch.js';

const appenderFile = fileURLToPath(new URL('./appender.js', import.meta.url));

/** Runs the appender for a while, kills it, and returns what was reported to it as durable. */
async function killed(dir: string, round: string, ms: number): Promise<string[]> {
  const child: ChildProcess = spawn(process.execPath, [appenderFile, dir, round], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ids = (): string[] =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split(/\s+/)
      .filter(Boolean);
  await until(() => output !== '', 'the first batch');
  await systemClock.sleep(ms);
  // A machine that is slow has little to lose before.
  await until(() => ids().length > 25, 'some batches');
  child.kill('SIGKILL');
  await exited;
  return ids();
}

/** Everything in the queue that nobody consumes. */
async function kept(dir: string): Promise<string[]> {
  const { storage, broker } = await openBroker(dir);
  const { rows } = await storage.write('take', { queue: 2, after: 0, count: 1e7, bytes: 1e12, atLeastOne: true });
  const report = await storage.ledger();
  assert.ok(report.balanced, JSON.stringify(report.sinks));
  await broker.close();
  await storage.close();
  return rows.map(([, id]) => id);
}

/** The number of ids of each publisher that are there, in order and without a hole. */
function assertWhole(ids: readonly string[]): void {
  const batches = new Map<string, number[]>();
  for (const id of ids) {
    const [publisher, number] = id.split('-') as [string, string];
    batches.set(publisher, [...(batches.get(publisher) ?? []), Number(number)]);
  }
  for (const numbers of batches.values()) {
    let expected = 0;
    while (expected < numbers.length) {
      const batch = Math.floor(numbers[expected]! / 20);
      const size = 1 + (batch % 20);
      assert.equal(
        numbers.slice(expected, expected + size),
        Array.from({ length: size }, (_, index) => batch * 20 + index),
      );
      expected += size;
    }
    assert.equal(
      [...numbers].sort((a, b) => a - b),
      numbers,
    );
  }
}

test('kill -9 at any point: what was durable is there once, every batch whole, and the ledger balances', () =>
  inFolder(async dir => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      acknowledged.push(...(await killed(dir, String(round), 10 + round * 30)));
      const ids = await kept(dir);
      const there = new Set(ids);
      assert.is(there.size, ids.length, 'each once');
      assert.equal(
        acknowledged.filter(id => !there.has(id)),
        [],
        'nothing acknowledged is lost',
      );
      assertWhole(ids);
    }
    assert.ok(acknowledged.length > 100);

    const { storage, broker } = await openBroker(dir);
    const idle = new AbortController();
    const consumed = consume(storage, broker, idle.signal);
    while ((await broker.depth('a')).ready + (await broker.depth('a')).unsettled > 0) await systemClock.sleep(20);
    idle.abort();
    await consumed;
    const { sinks, balanced } = await storage.ledger();
    const [a, b] = sinks;
    assert.ok(balanced);
    assert.is(a!.pending, 0);
    assert.is(a!.accepted, b!.accepted);
    const deadLetters = await storage.read('listDeadLetters', { sink: 'a', limit: 1000, after: 0 });
    const stored = storage.read('series', { from: 0, to: Date.now() + 1000, step: Date.now() + 1000 });
    assert.is((await stored).lines[0]!.values[0], a!.accepted - deadLetters.rows.length);
    await broker.close();
    await storage.close();
  }));

/** The files as a crash leaves them: copied under the running writer, which is idle. */
async function crashed(dir: string): Promise<{ published: string[]; copy: string }> {
  const { storage, broker } = await openBroker(dir);
  const published: string[] = [];
  for (let batch = 0; batch < 40; batch += 1) {
    const ids = Array.from({ length: 10 }, (_, index) => `t-${batch * 10 + index}`);
    await broker.publish(ids.map(id => ({ id, body: '{}', source: 'http', received: 1 })));
    published.push(...ids);
  }
  const copy = join(dir, 'copy');
  mkdirSync(copy);
  for (const end of ['', '-wal']) copyFileSync(join(dir, `event-sink.db${end}`), join(copy, `event-sink.db${end}`));
  await broker.close();
  await storage.close();
  return { published, copy };
}

for (const [what, spoil, leastLeft] of [
  ['cut', (wal: string) => truncateSync(wal, statSync(wal).size - 3000), 380],
  ['cut in half', (wal: string) => truncateSync(wal, Math.floor(statSync(wal).size / 2)), 0],
  ['cut to nothing', (wal: string) => truncateSync(wal, 17), 0],
  ['followed by garbage', (wal: string) => appendFileSync(wal, Buffer.alloc(5000, 0xab)), 400],
  ['garbled at its end', (wal: string) => garble(wal, 3000), 380],
] as const) {
  test(`a log whose tail is ${what} opens unattended, with everything before it`, () =>
    inFolder(async dir => {
      const { published, copy } = await crashed(dir);
      spoil(join(copy, 'event-sink.db-wal'));
      const ids = await kept(copy);
      assert.ok(ids.length >= leastLeft, `${ids.length} are left`);
      assert.is(ids.length % 10, 0, 'whole batches');
      assert.equal(ids, published.slice(0, ids.length));
      const { storage, broker } = await openBroker(copy);
      await broker.publish([{ id: 'after', body: '{}', source: 'http', received: 1 }]);
      await broker.close();
      await storage.close();
      assert.is((await kept(copy)).at(-1), 'after');
    }));
}

function garble(file: string, bytes: number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(bytes, 0xcd), 0, bytes, statSync(file).size - bytes);
  closeSync(descriptor);
}

test.run();
