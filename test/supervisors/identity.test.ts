// timeout: 120 s
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AuditTrail } from '../../src/audit/trail.js';
import { systemClock } from '../../src/clock.js';
import { RunningSettings } from '../../src/config/running.js';
import { keyEntry } from '../../src/keys/keys.js';
import { silentLog } from '../../src/log.js';
import { localSink } from '../../src/sinks/local.js';
import type { SinkDefinition } from '../../src/sinks/sink.js';
import type { LedgerReport } from '../../src/storage/ledger-report.js';
import { type Daemon, startDaemon } from '../../supervisors/root.js';
import { keyRing } from '../helpers/key-ring.js';
import { until } from '../helpers/wait.js';

/** What a client sees of identity, on a whole daemon with the embedded broker and the local store. */

const key = 'identity-test-key';

interface Context {
  dir: string;
  daemons: Daemon[];
}

const test = suite<Context>('identity');

test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-identity-'));
  context.daemons = [];
});
test.after.each(async ({ dir, daemons }) => {
  for (const daemon of daemons) await daemon.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(context: Context): Promise<Daemon> {
  const opened = RunningSettings.open(
    {
      env: { PORT: '0', DATA_DIR: context.dir, SHUTDOWN_SECONDS: '5' },
      readFile: () => '',
      registry: [localSink as unknown as SinkDefinition],
    },
    systemClock,
  );
  if ('problems' in opened) throw new Error(JSON.stringify(opened.problems));
  const entry = keyEntry(key, 'test', ['publish', 'read', 'admin']);
  const daemon = await startDaemon({
    settings: opened.settings,
    log: silentLog,
    clock: systemClock,
    trail: new AuditTrail(silentLog, systemClock),
    keys: keyRing(presented => (presented === key ? entry : undefined)),
    announce: () => {},
  });
  context.daemons.push(daemon);
  return daemon;
}

interface Answer {
  readonly status: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly ids: readonly string[];
  readonly errors?: readonly { readonly index: number; readonly field: string }[];
}

async function send(daemon: Daemon, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${daemon.address}/v1/events`, {
    method: 'POST',
    body,
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}

const text = async (daemon: Daemon, path: string): Promise<string> =>
  (await fetch(daemon.address + path, { headers: { 'x-api-key': key } })).text();

type Stored = { readonly id: string; readonly created: number; readonly [field: string]: unknown };

async function stored(daemon: Daemon, count: number): Promise<Stored[]> {
  let found: Stored[] = [];
  await until(async () => {
    found = JSON.parse(await text(daemon, '/v1/events?limit=1000')).events;
    return found.length >= count;
  }, `${count} events are stored`);
  return found;
}

const local = async (daemon: Daemon) => {
  const report = JSON.parse(await text(daemon, '/v1/ledger')) as LedgerReport;
  assert.ok(report.balanced);
  return report.sinks.find(({ sink }) => sink === 'local');
};

test('400 equal events from 8 clients are 400 events', async context => {
  const daemon = await start(context);
  const client = async (): Promise<void> => {
    for (let count = 0; count < 50; count += 1) {
      const { accepted, duplicates } = await send(daemon, '{"category":"api_call","url":"/x"}');
      assert.equal([accepted, duplicates], [1, 0]);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  const pair = await send(daemon, '[{"category":"page_view"},{"category":"page_view"}]');
  assert.equal([pair.accepted, pair.duplicates], [2, 0]);
  const found = await stored(daemon, 402);
  assert.is(new Set(found.map(({ id }) => id)).size, 402);
  await until(async () => (await local(daemon))?.pending === 0, 'all is settled');
  const { accepted, delivered, duplicates } = (await local(daemon))!;
  assert.equal([accepted, delivered, duplicates], [402, 402, 0]);
});

test('the same key with the same body is the same event, at any time of the day; with another body it is a conflict', async context => {
  let daemon = await start(context);
  const retry = { 'idempotency-key': 'retry-1' };
  const first = await send(daemon, '{"category":"a"}', retry);
  assert.equal([first.status, first.ids], [202, ['retry-1']]);
  const other = await send(daemon, '{"category":"b"}', retry);
  assert.is(other.status, 422);
  assert.equal(
    other.errors?.map(({ index, field }) => [index, field]),
    [[0, 'id']],
  );
  assert.equal(await send(daemon, '{"category":"a"}', retry), first);
  assert.is((await send(daemon, '{"category":"a" }', retry)).status, 422);

  await daemon.stop();
  daemon = await start(context);
  assert.equal(await send(daemon, '{"category":"a"}', retry), first);
  assert.is((await send(daemon, '{"id":"retry-1","category":"a"}')).status, 422);
  await until(async () => (await local(daemon))?.pending === 0, 'all is settled');
  const { delivered, duplicates } = (await local(daemon))!;
  assert.equal([delivered, duplicates], [1, 2]);
  const [event] = await stored(daemon, 1);
  assert.is(event?.category, 'a');
});

test('a repeat is the same event to the time that was added here', async context => {
  const daemon = await start(context);
  await send(daemon, '{"category":"a","id":"one"}');
  const [before] = await stored(daemon, 1);
  await systemClock.sleep(20);
  await send(daemon, '{"category":"a","id":"one"}');
  await until(async () => (await local(daemon))?.duplicates === 1, 'the repeat has come');
  assert.equal(await stored(daemon, 1), [before]);
});

test('a list with a key may be sent again; one item that changed refuses it, by its index', async context => {
  const daemon = await start(context);
  const retry = { 'idempotency-key': 'list-1' };
  const list = '[{"category":"a"},{"category":"a"},{"category":"b","id":"own"}]';
  const first = await send(daemon, list, retry);
  assert.equal([first.accepted, first.duplicates], [3, 0]);
  assert.equal(await send(daemon, list, retry), first);
  const changed = await send(daemon, '[{"category":"a"},{"category":"c"},{"category":"b","id":"own"}]', retry);
  assert.is(changed.status, 422);
  assert.equal(
    changed.errors?.map(({ index }) => index),
    [1],
  );
  assert.is((await stored(daemon, 3)).length, 3);
});

test('a key names one request: a longer or a shorter list, or a single event instead of a list, is refused', async context => {
  let daemon = await start(context);
  const retry = { 'idempotency-key': 'list-2' };
  const [one, two] = ['{"category":"a"}', '{"category":"b","id":"own-2"}'];
  const first = await send(daemon, `[${one},${two}]`, retry);
  assert.is(first.status, 202);
  const single = { 'idempotency-key': 'single-2' };
  assert.is((await send(daemon, one, single)).status, 202);
  const refused = async (body: string, headers: Record<string, string>): Promise<void> => {
    const { status, errors } = await send(daemon, body, headers);
    assert.equal([status, errors?.map(({ field }) => field)], [422, ['Idempotency-Key']], body);
  };
  const refusals = async (): Promise<void> => {
    await refused(`[${one},${two},{"category":"c"}]`, retry);
    await refused(`[${one}]`, retry);
    await refused(`[${two},${one}]`, retry);
    await refused(one, retry);
    await refused(`[${one}]`, single);
    assert.equal(await send(daemon, `[${one} , ${two}]`, retry), first);
    const lines = { ...retry, 'content-type': 'application/x-ndjson' };
    assert.equal(await send(daemon, `${one}\n${two}\n`, lines), first);
  };
  await refusals();
  await daemon.stop();
  daemon = await start(context);
  await refusals();
  // An id is not a key.
  assert.is((await send(daemon, '{"category":"d","id":"list-2"}')).status, 202);
  assert.is((await stored(daemon, 4)).length, 4);
});

test('of many who send one id with two bodies at once, one body wins and all of its senders have the same answer', async context => {
  const daemon = await start(context);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => send(daemon, `{"category":"a","id":"race","n":${index % 2}}`)),
  );
  const winner = answers.findIndex(({ status }) => status === 202) % 2;
  for (const [index, { status }] of answers.entries()) assert.is(status, index % 2 === winner ? 202 : 422);
  const found = await stored(daemon, 1);
  assert.equal(
    found.map(({ n }) => n),
    [winner],
  );
});

test('numbers come out with the digits that they came in with', async context => {
  const daemon = await start(context);
  await send(daemon, '{"category":"x","created":1709542841000,"sensor":1524831183200260097}');
  await send(daemon, '[{"category":"x","created":1709542841000,"sensor":1524831183200260100, "f":[1.0,1e999]}]');
  assert.is((await stored(daemon, 2)).length, 2);
  const answer = await text(daemon, '/v1/events');
  for (const piece of ['"sensor":1524831183200260097', '"sensor":1524831183200260100', '"f":[1.0,1e999]'])
    assert.ok(answer.includes(piece), `${piece} in ${answer}`);
});

test('a body that is not UTF-8 is refused, and the answer says so', async context => {
  const daemon = await start(context);
  const response = await fetch(`${daemon.address}/v1/events`, {
    method: 'POST',
    body: Buffer.from('{"category":"latin","resource_name":"M\xfcller"}', 'latin1'),
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
  });
  assert.is(response.status, 400);
  assert.match(((await response.json()) as { detail: string }).detail, 'not UTF-8');
});

test.run();
