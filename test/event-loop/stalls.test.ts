import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idBytes, SharedRecord, worksText } from '../../src/event-loop/shared-record.js';
import { Stalls } from '../../src/event-loop/stalls.js';
import { silentLog } from '../../src/log.js';
import type { KeyValues } from '../../src/storage/key-values.js';
import { temporaryFolder } from '../helpers/temporary.js';

function keyValues(): KeyValues {
  const kept = new Map<string, string>();
  return {
    get: async keys => new Map(keys.flatMap(key => (kept.has(key) ? [[key, kept.get(key) ?? '']] : []))),
    put: async entries => {
      for (const [key, value] of entries) kept.set(key, value);
    },
  };
}

const folder = temporaryFolder();

async function open(kept = keyValues()) {
  const record = new SharedRecord();
  const found: number[] = [];
  const options = { dir: folder.path, record, keyValues: kept, clock: { now: () => 5 }, log: silentLog };
  const stalls = await Stalls.open({ ...options, onStall: ms => found.push(ms) });
  return { record, stalls, found, stall: (ms: number) => record.stands(record.beat, ms) };
}

test('the record holds what is at work, the latest first, as much as fits', () => {
  const record = new SharedRecord();
  const one = record.begin({ sink: 'a', ids: ['1', '2'] }) ?? -1;
  const two = record.begin({ sink: 'b', ids: [] }) ?? -1;
  assert.equal(new SharedRecord(record.buffer).works, [
    { sink: 'b', ids: [] },
    { sink: 'a', ids: ['1', '2'] },
  ]);
  assert.is(worksText(record.works), 'sink b; sink a, event 1 and 1 more');
  record.end(two);
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `${n}`.padStart(128, '0'));
  const largest = ids(20_000);
  record.begin({ sink: 'a', ids: largest }, one);
  assert.equal(record.works[0]?.ids, largest, 'the largest write of the longest ids');
  record.begin({ sink: 'a', ids: ids(30_000) }, one);
  const [work] = record.works;
  assert.ok(work !== undefined && work.ids.length * 129 > idBytes - 129 && work.ids.length < 25_000);
  assert.equal(work.ids, ids(work.ids.length));
  record.end(one);
  assert.is(worksText(record.works), 'no sink');
});

test('the record has places for 32 works at once, and each is free again when its work has ended', () => {
  const record = new SharedRecord();
  const places = Array.from({ length: 32 }, (_, n) => record.begin({ sink: 'a', ids: [`${n}`] }));
  assert.is(new Set(places).size, 32);
  assert.is(record.begin({ sink: 'b', ids: ['one too many'] }), undefined);
  assert.is(record.works.length, 32);
  record.end(places[7] ?? -1);
  assert.is(record.begin({ sink: 'b', ids: ['1'] }), places[7]);
  assert.equal(record.works[0], { sink: 'b', ids: ['1'] });
});

test('a sink that was started any number of times is still noted, and a stall makes what it writes suspect', async () => {
  const { record, stalls, stall } = await open();
  for (let starts = 1; starts < 40; starts += 1) (await stalls.of('a').begin([`${starts}`]))([]);
  const last = stalls.of('a');
  const ended = await last.begin(['40']);
  assert.equal(record.works, [{ sink: 'a', ids: ['40'] }]);
  stall(6_000);
  ended([]);
  assert.ok(last.isSuspect('40'));
  assert.not.ok(last.isSuspect('39'));
});

test('a stall is noted once, with all that is at work; what the watchdog says too late is not another', async () => {
  const { record, stalls, found, stall } = await open();
  const ended = await stalls.of('a').begin(['1']);
  const { beat } = record;
  stall(7_000);
  ended([]);
  record.stands(beat, 7_500);
  stalls.check();
  assert.equal(found, [7_000]);
  assert.equal(stalls.summary, { count: 1, longestMs: 7_000, last: { at: 5, ms: 7_000, works: 'sink a, event 1' } });
});

test('what has ended is no suspect of a stall that comes while the rest is at work', async () => {
  const { stalls, stall, record } = await open();
  const sink = stalls.of('a');
  const ended = await sink.begin(['1', '2', '3']);
  ended(['2']);
  assert.equal(record.works, [{ sink: 'a', ids: ['2'] }]);
  stall(6_000);
  ended([]);
  assert.equal(record.works, []);
  assert.equal(
    ['1', '2', '3'].map(id => sink.isSuspect(id)),
    [false, true, false],
  );
});

test('all that was at work is suspect; then a stall counts against the suspect that was at work, and the third one convicts', async () => {
  const { stalls, stall } = await open();
  const [a, b] = [stalls.of('a'), stalls.of('b')];
  const ends = [await a.begin(['1', '2']), await b.begin(['3'])];
  stall(6_000);
  for (const end of ends) end([]);
  assert.equal([a.isSuspect('1'), a.isSuspect('2'), b.isSuspect('3'), b.isSuspect('1')], [true, true, true, false]);
  for (const turn of [2, 3]) {
    const other = await b.begin(['9']);
    const end = await a.begin(['2']);
    stall(6_000);
    end([]);
    other([]);
    assert.is(a.convicted('2') === undefined, turn === 2);
  }
  assert.not.ok(b.isSuspect('9'));
  assert.is(a.convicted('1'), undefined);
  a.settled(['1', '2']);
  assert.not.ok(a.isSuspect('2'));
  assert.ok(b.isSuspect('3'));
});

test('two suspects are never written at once', async () => {
  const { stalls, stall } = await open();
  const [a, b] = [stalls.of('a'), stalls.of('b')];
  const ends = [await a.begin(['1']), await b.begin(['2'])];
  stall(6_000);
  for (const end of ends) end([]);
  const log: string[] = [];
  const first = await a.begin(['1']);
  const second = b.begin(['2']).then(end => {
    log.push('second begins');
    end([]);
  });
  (await b.begin(['3']))([]);
  log.push('first ends');
  first([]);
  await second;
  assert.equal(log, ['first ends', 'second begins']);
});

test('suspects are kept across a restart, and a note that cannot be read stops nothing', async () => {
  const kept = keyValues();
  const before = await open(kept);
  const end = await before.stalls.of('a').begin(['1']);
  before.stall(6_000);
  end([]);
  writeFileSync(join(folder.path, 'stall.json'), '{"works":[{"sink":"a","i');
  const after = await open(kept);
  assert.ok(after.stalls.of('a').isSuspect('1'));
  writeFileSync(join(folder.path, 'stall.json'), JSON.stringify({ works: [{ sink: 'a', ids: ['1'] }] }));
  await open(kept);
  const last = await open(kept);
  assert.is(last.stalls.of('a').convicted('1'), undefined);
  writeFileSync(join(folder.path, 'stall.json'), JSON.stringify({ works: [{ sink: 'a', ids: ['1'] }] }));
  assert.match((await open(kept)).stalls.of('a').convicted('1') ?? '', /stood still/);
});

test.after(() => folder.remove());
test.run();
