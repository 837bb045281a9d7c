import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FullError, SetupError } from '../../src/errors.js';
import { Acceptance } from '../../src/storage/acceptance.js';
import { unlimited } from '../../src/storage/limits.js';
import { columns, ScratchDatabase } from './scratch.js';

const mebibyte = 1024 * 1024;
const queueAll = { after: 0, count: 1000, bytes: 1e9, atLeastOne: true };
const counterOf = (scratch: ScratchDatabase, name: string): number | undefined =>
  scratch.database.value<number>('SELECT value FROM counters WHERE name = ?', name);

test('beyond EMBEDDED_MAX_MB nothing new is accepted, nothing is dropped, and there is room once a sink has taken something', () => {
  const scratch = new ScratchDatabase();
  scratch.limits = { ...unlimited, embeddedBytes: mebibyte };
  const queue = scratch.write('declareQueue', { name: 'event-sink.a', sink: 'a' }).number;
  scratch.write('publish', columns(0, 20, 'x'.repeat(60_000)));
  assert.throws(
    () => scratch.write('publish', columns(20, 1)),
    (error: unknown) => error instanceof FullError && /they hold 1 MiB \(EMBEDDED_MAX_MB\)/.test(error.message),
  );
  assert.throws(() => scratch.write('checkCapacity', { prove: false }), /EMBEDDED_MAX_MB/);
  const { rows } = scratch.write('take', { ...queueAll, queue });
  assert.is(rows.length, 20);
  scratch.write('settle', { queue, seqs: rows.slice(0, 10).map(([seq]) => seq) });
  scratch.write('checkCapacity', { prove: true });
  scratch.write('publish', columns(20, 1));
  assert.is(scratch.write('take', { ...queueAll, queue }).rows.length, 11);
  assert.ok(scratch.read('ledgerReport', { now: scratch.now }).balanced);
});

test('the bytes that wait are counted exactly, whichever way they come and go', () => {
  const scratch = new ScratchDatabase();
  const queue = scratch.write('declareQueue', { name: 'event-sink.a', sink: 'a' }).number;
  scratch.write('publish', columns(0, 7, 'ä€'));
  const seqs = scratch.write('take', { ...queueAll, queue }).rows.map(([seq]) => seq);
  const died = { reason: 'bad', fault: 'poison', attempts: 1 };
  scratch.write('settle', { queue, seqs, dead: seqs.slice(0, 3).map(seq => ({ seq, ...died })) });
  assert.is(counterOf(scratch, 'message_bytes'), 0);
  const dead = () => scratch.database.value<number>('SELECT total(octet_length(body)) FROM dead_letters');
  assert.is(counterOf(scratch, 'dead_letter_bytes a'), dead());
  const chunk = { sink: 'a', keys: undefined, after: 0, last: 9, limit: 2 };
  scratch.write('redriveDeadLetters', chunk);
  assert.is(counterOf(scratch, 'dead_letter_bytes a'), dead());
  assert.is(
    counterOf(scratch, 'message_bytes'),
    scratch.database.value<number>('SELECT total(octet_length(body)) FROM messages'),
  );
  scratch.write('removeDeadLetters', chunk);
  assert.is(counterOf(scratch, 'dead_letter_bytes a'), 0);
});

test('beyond DEAD_LETTERS_MAX_MB the sink holds as with a wrong setting, no dead letter is deleted, and other sinks go on', () => {
  const scratch = new ScratchDatabase();
  scratch.limits = { ...unlimited, deadLetterBytes: mebibyte };
  const [a, b] = ['a', 'b'].map(sink => scratch.write('declareQueue', { name: `event-sink.${sink}`, sink }).number);
  scratch.write('publish', columns(0, 30, 'x'.repeat(60_000)));
  const died = { reason: 'bad', fault: 'poison', attempts: 1 };
  const seqs = scratch.write('take', { ...queueAll, queue: a! }).rows.map(([seq]) => seq);
  const die = (queue: number, chosen: number[]) =>
    scratch.write('settle', { queue, seqs: chosen, dead: chosen.map(seq => ({ seq, ...died })) });
  die(a!, seqs.slice(0, 20));
  assert.throws(
    () => die(a!, seqs.slice(20, 21)),
    (error: unknown) => error instanceof SetupError && /of a take 1 MiB, .*DEAD_LETTERS_MAX_MB/.test(error.message),
  );
  assert.is(scratch.read('countDeadLetters', { sink: 'a' }), 20);
  die(b!, seqs.slice(0, 1));
  scratch.write('settle', { queue: a!, seqs: seqs.slice(20) });
  scratch.write('removeDeadLetters', { sink: 'a', keys: undefined, after: 0, last: 99, limit: 100 });
  scratch.write('publish', columns(30, 1));
  die(a!, [scratch.write('take', { ...queueAll, queue: a! }).rows[0]![0]]);
});

test('after a refusal only a row that was written is proof of room, and the refusal keeps its beginning', async () => {
  const asked: boolean[] = [];
  let full = true;
  let now = 1_000;
  const ask = async (prove: boolean): Promise<void> => {
    asked.push(prove);
    if (full) throw new FullError('the disk under DATA_DIR is full');
  };
  const acceptance = new Acceptance(ask, () => now);
  await acceptance.check();
  now = 2_000;
  await acceptance.check();
  assert.equal(acceptance.refusal, { reason: 'the disk under DATA_DIR is full', since: 1_000 });
  full = false;
  await acceptance.check();
  assert.is(acceptance.refusal, undefined);
  await acceptance.check();
  assert.equal(asked, [false, true, true, false]);
});

test.run();
