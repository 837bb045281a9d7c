import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job, JobEvent } from '../../../src/extractors/jobs/job.js';
import type { Sighting } from '../../../src/extractors/jobs/sighting.js';
import { type Moment, transition } from '../../../src/extractors/jobs/transitions.js';
import { sightingsOf } from '../traces.js';

const begin = 1_700_000_000_000;

/** A job, and what is seen of it a second apart. */
class Seen {
  job: Job | undefined;
  readonly events: JobEvent[] = [];
  at = begin;

  see(sightings: readonly Sighting[], moment: Partial<Moment> = {}): this {
    for (const sighting of sightings) {
      const next = transition(this.job, sighting, { at: this.at, timed: true, fresh: true, ...moment });
      this.job = next?.job ?? this.job;
      this.events.push(...(next?.events ?? []));
      this.at += 1_000;
    }
    return this;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

const [plain, abort, flaky, skipped] = [0, 1, 2, 3].map(sightingsOf) as [
  Sighting[],
  Sighting[],
  Sighting[],
  Sighting[],
];
const is = (kind: Sighting['kind']) => (sighting: Sighting) => sighting.kind === kind;

test('a job is queued, begun and done, with its times', () => {
  const { types, job, events } = new Seen().see(plain);
  assert.equal(types, ['queued', 'working', 'done']);
  assert.equal([job?.state, job?.queuedAt, job?.workingAt, job?.attempts], ['ended', begin, begin + 1_000, 1]);
  assert.is(events[2]?.endedAt, begin + 4_000);
  assert.is(events[2]?.message, 'Done processing.');
});

test('one that fails ends once, though its status and its message say so', () => {
  const { types, events } = new Seen().see(abort);
  assert.equal(types, ['queued', 'working', 'error']);
  assert.match(events[2]?.message ?? '', 'exit code=3');
});

test('one that fails and is sent again is one extraction of two attempts', () => {
  const { types, job } = new Seen().see(flaky);
  assert.equal(types, ['queued', 'working', 'done']);
  assert.is(job?.attempts, 2);
});

test('one that is skipped is done, and says so', () => {
  const { types, events } = new Seen().see(skipped);
  assert.equal(types, ['queued', 'working', 'done']);
  assert.is(events[2]?.skipped, true);
  assert.is(events[2]?.message, 'Skipped in check_message');
});

test('without the right to hear deliveries, the status says when it begins', () => {
  const seen = new Seen().see(flaky.filter(sighting => sighting.kind !== 'delivered'));
  assert.equal(seen.types, ['queued', 'working', 'done']);
  assert.is(seen.job?.attempts, 2);
});

test('an extractor that only puts jobs aside is believed', () => {
  const { types } = new Seen().see(abort.filter(sighting => sighting.kind !== 'status'));
  assert.equal(types, ['queued', 'working', 'error']);
});

test('one that was queued, and is seen again only at its end, has been at work, nobody knows since when', () => {
  const { types, job } = new Seen().see([plain[0]!, plain.at(-1)!]);
  assert.equal(types, ['queued', 'working', 'done']);
  assert.is(job?.workingAt, undefined);
});

test('connections overtake one another: the message of a job that is seen after it began still counts', () => {
  const { types, job } = new Seen().see([plain[1]!, plain[0]!, ...plain.slice(2)]);
  assert.equal(types, ['working', 'queued', 'done']);
  assert.is(job?.state, 'ended');
});

test('one that began before anybody listened has no time of waiting', () => {
  const { types, job } = new Seen().see(plain.slice(3));
  assert.equal(types, ['working', 'done']);
  assert.is(job?.queuedAt, undefined);
});

test('what waited for the daemon has no times', () => {
  const { types, job, events } = new Seen().see(plain, { timed: false });
  assert.equal(types, ['queued', 'working', 'done']);
  assert.equal([job?.queuedAt, job?.workingAt, events[2]?.endedAt], [undefined, undefined, undefined]);
});

test('an extractor that is killed: the job is handed out again, and is one extraction', () => {
  const again = { ...(plain[1] as Extract<Sighting, { kind: 'delivered' }>), again: true };
  const { types, job } = new Seen().see([plain[0]!, plain[1]!, plain[2]!, again, ...plain.slice(2)]);
  assert.equal(types, ['queued', 'working', 'done']);
  assert.is(job?.attempts, 2);
});

test('a further attempt of a job that another daemon has announced makes nothing but the end', () => {
  const { types } = new Seen().see(flaky.slice(flaky.findLastIndex(is('published'))));
  assert.equal(types, ['done']);
});

test('everything that is seen again changes nothing', () => {
  for (const job of [plain, abort, flaky, skipped]) {
    const seen = new Seen().see(job);
    assert.is(seen.see(job, { fresh: false }).events.length, 3);
    assert.is(seen.see(job.filter(sighting => sighting.kind !== 'published')).events.length, 3);
  }
});

test('a message that somebody puts back into the queue begins anew', () => {
  const seen = new Seen().see(abort);
  seen.at += 3_600_000;
  seen.see(plain);
  assert.equal(seen.types, ['queued', 'working', 'error', 'queued', 'working', 'done']);
  assert.is(seen.job?.run, 2);
  assert.is(seen.events[3]?.job.workingAt, undefined);
});

test('in whatever order, and however often: one queued, one begun, one end, and nothing after it', () => {
  const all = [...plain, ...abort, ...flaky, ...skipped];
  fc.assert(
    fc.property(fc.array(fc.nat(all.length - 1), { maxLength: 40 }), fc.boolean(), (order, timed) => {
      // One job, within the time in which connections overtake one another.
      const seen = new Seen();
      for (const index of order) {
        seen.at = begin;
        seen.see([{ ...all[index]!, job: { ...all[index]!.job, jobId: 'one' } } as Sighting], { timed });
      }
      const count = (...types: string[]): number => seen.types.filter(type => types.includes(type)).length;
      assert.ok(count('queued') <= 1 && count('working') <= 1 && count('done', 'error') <= 1, seen.types.join());
      if (count('done', 'error') === 1) assert.is(seen.job?.state, 'ended');
    }),
    { numRuns: 500 },
  );
});

test.run();
