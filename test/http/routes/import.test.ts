import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImportReceipt } from '../../../openapi/api-types.js';
import { TransientError } from '../../../src/errors.js';
import { keys, problemOf, type Running, run } from '../running.js';

let daemon: Running;
test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

const created = 1_709_544_703_342;
const good = `{"id":"a","event":{"category":"upload","created":${created},"size":12345678901234567890}}`;

function send(lines: readonly string[], query = '', key: string = keys.all): Promise<Response> {
  return daemon.request(`/v1/import${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'x-api-key': key },
    body: lines.join('\n'),
  });
}

async function receipt(response: Response): Promise<ImportReceipt> {
  assert.is(response.status, 202, await response.clone().text());
  return (await response.json()) as ImportReceipt;
}

test('events keep their ids and their text, and go to the sinks that are named', async () => {
  const answer = await receipt(await send([good], '?sinks=mongodb,%20usage'));
  assert.equal(answer, {
    accepted: 1,
    already_there: 1,
    sinks: ['mongodb', 'usage'],
    refused: [],
    too_old: {},
    closed: { '2026-03': 2 },
    reopened: [],
    durability: 'embedded',
  });
  const [message] = daemon.backend.published;
  assert.equal(
    [message?.id, message?.source, message?.body, message?.given, message?.sinks],
    [
      ...['a', 'import', `{"category":"upload","created":${created},"size":12345678901234567890}`],
      ...[undefined, ['mongodb', 'usage']],
    ],
  );
});

test('who begins an import, and who has a month counted again, is in the audit trail', async () => {
  await receipt(await send([good], '?sinks=local,usage'));
  await daemon.request('/v1/usage/months/2026-03/finish', { method: 'POST' });
  assert.equal(
    daemon.acts.map(({ type, subject, count }) => [type, subject, count]),
    [
      ['history_imported', 'local, usage', undefined],
      ['usage_recounted', '2026-03', 9],
    ],
  );
});

test('what was made of log lines is said to be', async () => {
  await receipt(await send([good], '?source=nginx'));
  assert.is(daemon.backend.published[0]?.source, 'nginx');
});

test('a bad line refuses itself alone', async () => {
  const lines = [
    'x',
    good,
    '[]',
    '{"event":{"category":"upload","created":1}}',
    '{"id":"b"}',
    '{"id":"c","event":7}',
    '{"id":"d","event":{"category":"upload"}}',
    '{"id":"e","event":{"created":1}}',
    '{"id":"f","event":{"category":"upload","created":1,"size":"large"}}',
    'null',
    '',
    good.replace('"a"', '"z"'),
  ];
  const { refused, accepted } = await receipt(await send(lines));
  assert.is(accepted, 2);
  assert.equal(
    refused.map(({ index, message }) => `${index} ${message.split(/:| of |,/)[0]}`),
    [
      '0 not JSON',
      '2 id must be 1 to 128 printable ASCII characters',
      '3 id must be 1 to 128 printable ASCII characters',
      '4 must be an object with id and event',
      '5 an event must be a JSON object',
      '6 created is missing',
      '7 category is missing',
      '8 size must be a whole number',
      '9 must be an object with id and event',
    ],
  );
});

test('what an import has read, and what of it nobody could, is said in lines beside its events', async () => {
  const read = { from: created, to: created + 5 };
  const gap = { hour: 1_709_542_800_000, reason: 'unread_lines', origin: 'f', count: 2 };
  const lines = [{ read }, { gap }, { read: { from: -1, to: 2 } }, { gap: { ...gap, hour: created } }];
  const { accepted, refused } = await receipt(await send([...lines.map(line => JSON.stringify(line)), good]));
  assert.is(accepted, 1);
  assert.equal(
    refused.map(({ index, message }) => `${index} ${message.split(' ')[0]}`),
    ['2 read', '3 gap'],
  );
  assert.equal(daemon.backend.notes, [{ spans: [read], gaps: [{ ...gap, ms: 0 }] }]);
});

test('an id in the event does not win over its own', async () => {
  await receipt(await send([`{"id":"a","event":{"id":"b","category":"upload","created":${created}}}`]));
  assert.is(daemon.backend.published[0]?.id, 'a');
});

test('only admins may, in lines, and to sinks that are there', async () => {
  for (const key of [keys.publish, keys.read, keys.collect]) assert.is((await send([good], '', key)).status, 403);
  assert.is((await daemon.request('/v1/import', { method: 'POST', body: good })).status, 415);
  const unknown = await send([good], '?sinks=nowhere');
  assert.is(unknown.status, 400);
  assert.match((await problemOf(unknown)).detail ?? '', 'there is no sink nowhere here');
  for (const query of ['?source=clowder', '?reopen=yes', '?sinks=', '?sink=local'])
    assert.is((await send([good], query)).status, 400, query);
  assert.is((await send([''])).status, 400);
  assert.is((await send(Array.from({ length: 1_001 }, () => good))).status, 413);
  assert.is(daemon.backend.published.length, 0);
});

test('when it is not its turn, it is asked to wait', async () => {
  daemon.backend.fails = new TransientError('events wait for mongodb', { retryAfterMs: 1_000 });
  const answer = await send([good]);
  assert.equal([answer.status, answer.headers.get('retry-after')], [503, '1']);
});

test('events of a month are counted from a recording, and the month is finished', async () => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const recount = await daemon.request('/v1/usage/months/2026-03/accesses?keep=true', {
    method: 'POST',
    headers,
    body: `${good}\nx`,
  });
  assert.is(recount.status, 200);
  const { refused, ...counted } = (await recount.json()) as Record<string, unknown> & { refused: unknown[] };
  assert.equal(counted, { month: '2026-03', accesses: 1, known: 1, kept: 5, closed: false });
  assert.is(refused.length, 1);
  const finished = await daemon.request('/v1/usage/months/2026-03/finish?lower=false', { method: 'POST' });
  assert.is(((await finished.json()) as { accesses: number }).accesses, 9);
  const refusedMonth = await daemon.request('/v1/usage/months/2026-01/finish', { method: 'POST' });
  assert.is(refusedMonth.status, 409);
  for (const path of ['2026-03/accesses', '2026-03/finish']) {
    const init = { method: 'POST', headers: { ...headers, 'x-api-key': keys.read }, body: good };
    assert.is((await daemon.request(`/v1/usage/months/${path}`, init)).status, 403);
  }
});

test.run();
