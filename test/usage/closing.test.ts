import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Log, silentLog } from '../../src/log.js';
import { Closing } from '../../src/usage/closing.js';
import { UsageScene, view } from './scene.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const closeMs = 31 * dayMs;
const march = Date.UTC(2026, 2, 15);
const april = Date.UTC(2026, 3, 1);
const closing = april + closeMs;

/** A daemon that counted March, and has read its logs until then. */
class ClosingScene {
  readonly usage = new UsageScene();
  readonly held: string[] = [];
  readonly #closing = new Closing({
    storage: this.usage.calls,
    closeMs,
    pending: async () => (this.usage.isConnected ? this.usage.waiting.pending : undefined),
    sent: () => this.usage.usage.reopening.sent.list(),
    clock: { now: () => this.usage.scratch.now },
    log: {
      ...silentLog,
      warn: (fields: { reason: string }, line: string) => this.held.push(`${line} ${fields.reason}`),
    } as unknown as Log,
  });

  static async inMay(logs: Record<string, number> = {}): Promise<ClosingScene> {
    const scene = new ClosingScene();
    scene.usage.scratch.now = march;
    await scene.usage.take(view(march));
    scene.usage.scratch.now = closing + 10 * dayMs;
    scene.heard(logs);
    return scene;
  }

  /** @param stuck nothing more of them is being read; all of them, unless it is given */
  heard(logs: Record<string, number>, stuck: readonly string[] = Object.keys(logs)): void {
    const value = JSON.stringify({ at: this.usage.scratch.now, lost: { events: 0 }, logs, stuck });
    this.usage.scratch.write('noteUsageGaps', { gaps: [], seen: { key: 'usage/seen', value } });
  }

  /** The months that may be closed, with how many hours of each log were not read. */
  async due(): Promise<string[]> {
    await this.usage.usage.query({ by: 'month', from: 0, to: 99_999_999, limit: 1, offset: 0 });
    return (await this.#closing.due(await this.usage.usage.months())).map(({ month, gaps }) => {
      const origins = [...new Set(gaps.map(({ origin }) => origin))];
      const hours = origins.map(one => `${one} ${gaps.filter(({ origin }) => origin === one).length}`);
      return [month, ...hours].join(' ');
    });
  }
}

test('of two logs, the one that is ahead does not close the month for the one that is behind', async () => {
  const scene = await ClosingScene.inMay({ ahead: closing + 10 * dayMs, behind: march + 10 * dayMs });
  await scene.usage.take(view(closing + 9 * dayMs));
  assert.equal(await scene.due(), []);
  assert.equal(await scene.due(), []);
  assert.equal(scene.held, ['month.held not read to the end of the month: behind'], 'said once');
  scene.heard({ ahead: closing + 10 * dayMs, behind: april + 30 * 60_000 });
  assert.equal(await scene.due(), [], 'lines come later than their time');
  scene.heard({ ahead: closing + 10 * dayMs, behind: april + hourMs });
  assert.equal(await scene.due(), ['202603']);
});

test('a quiet log that was read to its end closes the month without anything new', async () => {
  const scene = await ClosingScene.inMay({ quiet: closing + 10 * dayMs });
  assert.equal(await scene.due(), ['202603']);
});

test('a log that is gone, or may not be read, closes the month later, and its hours are named', async () => {
  const scene = await ClosingScene.inMay({ fine: closing + 10 * dayMs, gone: april - 5.5 * hourMs });
  scene.usage.scratch.now = closing + closeMs - 1;
  assert.equal(await scene.due(), []);
  scene.usage.scratch.now += 1;
  assert.equal(await scene.due(), ['202603 gone 7'], 'the hour before its end too: lines may have waited in nginx');
  await scene.usage.usage.closeMonths();
  assert.is((await scene.usage.usage.months())[0]?.closed, scene.usage.scratch.now);
  const [month] = await scene.usage.usage.completeness({ from: 20260300, to: 20260399 });
  assert.equal(
    month?.gaps.map(({ from, to, reason }) => [from, to, reason]),
    [[april - 7 * hourMs, april, 'unread_log']],
  );
  assert.is(month?.missingHours, 7);
});

test('a log that is just being caught up is waited for, however long ago the month was', async () => {
  const scene = await ClosingScene.inMay();
  const logs = { gone: march, caught: march + dayMs };
  scene.usage.scratch.now = closing + 20 * closeMs;
  scene.heard(logs, ['gone']);
  assert.equal(await scene.due(), []);
  scene.heard({ ...logs, caught: scene.usage.scratch.now }, ['gone', 'caught']);
  assert.equal(await scene.due(), [`202603 gone ${17 * 24 + 1}`]);
});

test('a month that is closed and opened again is looked at anew', async () => {
  const scene = await ClosingScene.inMay({ behind: march });
  const { database } = scene.usage.scratch;
  for (const closed of [null, 1, null, null]) {
    database.run('UPDATE usage_months SET closed = ?', closed);
    assert.equal(await scene.due(), []);
  }
  assert.is(scene.held.length, 2);
});

test('what was not read of a log is missing from open months, too, until it is read', async () => {
  const scene = await ClosingScene.inMay({ log: march + 12 * hourMs });
  const { usage, scratch } = scene.usage;
  scratch.now = april + 36 * hourMs;
  const missing = async (): Promise<unknown[]> =>
    (await usage.completeness({ from: 20260100, to: 20261299 })).map(({ month, gaps, missingHours }) => [
      ...[month, missingHours],
      ...gaps.flatMap(({ from, to, reason }) => [new Date(from).toISOString(), new Date(to).toISOString(), reason]),
    ]);
  assert.equal(await missing(), [
    [202603, 17 * 24 - 11, '2026-03-15T11:00:00.000Z', '2026-04-01T00:00:00.000Z', 'unread_log'],
    [202604, 36, '2026-04-01T00:00:00.000Z', '2026-04-02T12:00:00.000Z', 'unread_log'],
  ]);
  scene.heard({ log: scratch.now - hourMs });
  assert.equal(await missing(), [[202603, 0]], 'a month without usage of which nothing is missing is none');
});

test('a log that was gone since before the month leaves all of its hours', async () => {
  const scene = await ClosingScene.inMay({ gone: march - 60 * dayMs });
  scene.usage.scratch.now = closing + closeMs;
  assert.equal(await scene.due(), [`202603 gone ${31 * 24}`]);
});

test('an old month that is opened by an import is not awaited of a log that was first read later', async () => {
  const scene = await ClosingScene.inMay({ log: closing + 10 * dayMs });
  await scene.usage.take(view(Date.UTC(2024, 4, 1)));
  assert.equal(await scene.due(), ['202603']);
  scene.usage.scratch.now += closeMs;
  assert.equal(await scene.due(), ['202405', '202603']);
});

test('what waits is counted first; where something always waits, what came a day later shows it', async () => {
  const scene = await ClosingScene.inMay({ log: closing + 10 * dayMs });
  await scene.usage.take(view(closing + 10 * dayMs - 1));
  scene.usage.waiting = { pending: 3, dead: 0 };
  assert.equal(await scene.due(), []);
  scene.usage.scratch.now += 2 * dayMs;
  assert.equal(await scene.due(), [], 'a queue that stands still');
  await scene.usage.take(view(closing + 11 * dayMs));
  assert.equal(await scene.due(), ['202603']);
  scene.usage.isConnected = false;
  assert.equal(await scene.due(), [], 'nobody knows what waits');
  scene.usage.isConnected = true;
  scene.usage.waiting = { pending: 0, dead: 0 };
  assert.equal(await scene.due(), ['202603']);
});

test('a month into which an import is sending waits for it, others do not', async () => {
  const scene = await ClosingScene.inMay({ log: closing + 10 * dayMs });
  const { sent } = scene.usage.usage.reopening;
  sent.note([202603, 202602]);
  assert.equal(await scene.due(), []);
  sent.note([202604]);
  assert.equal(await scene.due(), [], 'the import has gone on to another month, and may come back');
  scene.usage.scratch.now += 11 * 60_000;
  assert.equal(await scene.due(), ['202603'], 'it is over');
  sent.note([202604]);
  assert.equal(await scene.due(), ['202603'], 'of another import');
});

test('where no log is read, quiet is quiet after as long again', async () => {
  const scene = await ClosingScene.inMay();
  assert.equal(await scene.due(), []);
  scene.usage.scratch.now = closing + closeMs - 1;
  assert.equal(await scene.due(), []);
  scene.usage.scratch.now += 1;
  assert.equal(await scene.due(), ['202603']);
  assert.equal(scene.held, []);
});

test.run();
