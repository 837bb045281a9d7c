import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job } from '../../../src/extractors/jobs/job.js';
import { Jobs, maxOpenJobs } from '../../../src/extractors/jobs/jobs.js';
import type { Sighting } from '../../../src/extractors/jobs/sighting.js';
import { sightingsOf } from '../traces.js';

const begin = 1_700_000_000_000;
const hour = 3_600_000;
const day = 24 * hour;
const [plain, abort] = [sightingsOf(0), sightingsOf(1)];

class Scene {
  readonly stored = new Map<string, Job>();
  asked: string[] = [];
  jobs: Jobs;

  constructor(missedAt = 0) {
    this.jobs = this.open(missedAt);
  }

  open(missedAt = 0): Jobs {
    const saved = [...this.stored.values()].filter(({ state }) => state !== 'ended');
    const find = async (ids: readonly string[]) => {
      this.asked.push(...ids);
      return new Map(ids.flatMap(id => (this.stored.has(id) ? [[id, this.stored.get(id)!]] : [])));
    };
    this.jobs = new Jobs({ saved, find, stuckMs: hour, missedAt });
    return this.jobs;
  }

  async see(sightings: readonly Sighting[], at: number): Promise<string[]> {
    const moment = { at, timed: true, fresh: true };
    const changes = await this.jobs.apply(sightings.map(sighting => ({ sighting, moment })));
    for (const job of changes.jobs) this.stored.set(job.jobId, job);
    return changes.events.map(({ type }) => type);
  }

  stuck(now: number): string[] {
    return this.jobs.overdue(now).events.map(({ message }) => message);
  }
}

test('jobs are counted as they stand, and those that have ended are not kept', async () => {
  const scene = new Scene();
  assert.equal(await scene.see([...plain.slice(0, 1), ...abort.slice(0, 2)], begin), ['queued', 'queued', 'working']);
  const { queued, working, stuck } = scene.jobs.counts(begin);
  assert.equal([queued, working, stuck], [1, 1, 0]);
  assert.equal(await scene.see([...plain.slice(1), ...abort.slice(2)], begin), ['working', 'done', 'error']);
  assert.equal(scene.jobs.counts(begin), { queued: 0, working: 0, stuck: 0, oldestStuck: undefined });
});

test('one that has ended is looked up, and does not end again', async () => {
  const scene = new Scene();
  await scene.see(plain, begin);
  scene.asked = [];
  assert.equal(await scene.see(plain.slice(1), begin + 1), []);
  assert.equal(scene.asked, [plain[0]!.job.jobId]);
});

test('one that was queued before a restart and ends after it has its times', async () => {
  const scene = new Scene();
  await scene.see(plain.slice(0, 1), begin);
  scene.open();
  assert.is(scene.jobs.counts(begin).queued, 1);
  assert.equal(await scene.see(plain.slice(1, 2), begin + 5_000), ['working']);
  assert.is(scene.stored.get(plain[0]!.job.jobId)?.workingAt, begin + 5_000);
  assert.is(scene.stored.get(plain[0]!.job.jobId)?.queuedAt, begin);
});

test('signs of life are noted once a minute', async () => {
  const scene = new Scene();
  await scene.see(plain.slice(0, 3), begin);
  const processing = plain[3]!;
  const changed = async (at: number) =>
    (await scene.jobs.apply([{ sighting: processing, moment: { at, timed: true, fresh: true } }])).jobs.length;
  assert.is(await changed(begin + 59_000), 0);
  assert.is(await changed(begin + 60_000), 1);
  assert.is(await changed(begin + 61_000), 0);
});

test('a job without a sign of life is stuck: once, until it shows one', async () => {
  const scene = new Scene();
  await scene.see(plain.slice(0, 3), begin);
  await scene.see(abort.slice(0, 1), begin + 1);
  assert.equal(scene.stuck(begin + hour), []);
  assert.equal(scene.stuck(begin + hour + 60_001), [
    'No word from its extractor for 61 minutes',
    'Not taken by an extractor for 61 minutes',
  ]);
  assert.equal(scene.stuck(begin + 2 * hour), []);
  const { stuck, oldestStuck } = scene.jobs.counts(begin + 2 * hour);
  assert.equal([stuck, oldestStuck?.jobId], [2, plain[0]!.job.jobId]);
  await scene.see(plain.slice(3, 4), begin + 2 * hour);
  assert.equal(scene.jobs.counts(begin + 2 * hour).stuck, 1);
  assert.equal(await scene.see(plain.slice(4), begin + 3 * hour), ['done']);
  await scene.see(abort, begin + 3 * hour);
  assert.is(scene.jobs.counts(begin + 4 * hour).stuck, 0);
});

test('what may have ended while nobody listened is not called stuck', async () => {
  const scene = new Scene();
  await scene.see(plain.slice(0, 2), begin);
  scene.jobs.missed(begin + 10);
  await scene.see(abort.slice(0, 2), begin + 20);
  assert.is(scene.stuck(begin + 2 * hour).length, 1);
  scene.open(begin + 10);
  assert.equal(
    scene.jobs.overdue(begin + 2 * hour).jobs.map(({ jobId }) => jobId),
    [abort[0]!.job.jobId],
  );
});

test('one whose status goes to nobody is not called stuck', async () => {
  const scene = new Scene();
  await scene.see([{ ...plain[0], answered: false } as Sighting], begin);
  assert.equal(scene.stuck(begin + 2 * hour), []);
});

test('after a week a job is forgotten', async () => {
  const scene = new Scene();
  await scene.see(plain.slice(0, 2), begin);
  assert.is(scene.stuck(begin + 2 * hour).length, 1);
  scene.jobs.overdue(begin + 8 * day);
  assert.is(scene.jobs.counts(begin + 8 * day).working, 0);
});

test('memory is bounded, and a job that does not fit is looked up', async () => {
  const scene = new Scene();
  const [first] = plain as [Sighting];
  const numbered = (n: number) => ({ ...first, job: { ...first.job, jobId: `job-${n}` } }) as Sighting;
  await scene.see(
    Array.from({ length: maxOpenJobs + 10 }, (_, n) => numbered(n)),
    begin,
  );
  assert.is(scene.jobs.counts(begin).queued, maxOpenJobs);
  scene.asked = [];
  assert.equal(await scene.see([{ ...plain[1]!, job: { ...first.job, jobId: 'job-3' } } as Sighting], begin), [
    'working',
  ]);
  assert.equal(scene.asked, ['job-3']);
});

test.run();
