import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../../src/events/message.js';
import { JobRecorder } from '../../../src/extractors/jobs/recorder.js';
import type { Sighting } from '../../../src/extractors/jobs/sighting.js';
import { silentLog } from '../../../src/log.js';
import type { Storage } from '../../../src/storage/storage.js';
import { hastyClock } from '../../helpers/clock.js';
import { until } from '../../helpers/wait.js';
import { inFolder, openStorage, withStorage } from '../../storage/scratch.js';
import { secretKey, sightingsOf } from '../traces.js';

const begin = 1_700_000_000_000;
const plain = sightingsOf(0);

interface Started {
  readonly recorder: JobRecorder;
  readonly published: Message[];
  readonly stop: () => void;
}

/** `refuse` is asked before each publish. */
async function start(storage: Storage, refuse: () => boolean = () => false): Promise<Started> {
  const published: Message[] = [];
  const stop = new AbortController();
  const publish = async (messages: readonly Message[]): Promise<void> => {
    if (refuse()) throw new Error('not now');
    published.push(...messages);
  };
  const tools = { storage, publish, clock: hastyClock(), log: silentLog };
  const recorder = new JobRecorder({ ...tools, idSecret: 's', stuckMs: 3_600_000 }, stop.signal);
  assert.ok(await recorder.load());
  return { recorder, published, stop: () => stop.abort() };
}

const seen = (sightings: readonly Sighting[], at = begin) =>
  sightings.map((sighting, index) => ({ sighting, moment: { at: at + index * 1_000, timed: true, fresh: true } }));
const bodies = (messages: readonly Message[]) => messages.map(({ body }) => JSON.parse(body));

test('events are published with what is known of the job', () =>
  withStorage(async storage => {
    const { recorder, published } = await start(storage);
    assert.ok(await recorder.record(seen(plain)));
    const [queued, working, done] = bodies(published);
    const job = {
      extractor_name: 'ncsa.sample',
      job_id: '65a89ee0a4bbe9b699ba4bf0',
      resource_type: 'file',
      resource_id: '65a89edca4bbe9b699ba4be0',
      resource_name: 'plain.tif',
      file_id: '65a89edca4bbe9b699ba4be0',
      dataset_id: '65fd8f8b72b6e319f3c4706e',
    };
    const category = 'extraction_status';
    assert.equal(queued, {
      category,
      type: 'queued',
      ...job,
      size: 48_213,
      message: 'Waiting for an extractor',
      created: begin,
    });
    const waiting_seconds = 1;
    assert.equal(working, {
      category,
      type: 'working',
      ...job,
      message: 'An extractor has begun',
      waiting_seconds,
      created: begin + 1_000,
    });
    const times = { waiting_seconds, working_seconds: 3, attempts: 1 };
    const message = 'Done processing.';
    assert.equal(done, { category, type: 'done', ...job, message, ...times, created: begin + 4_000 });
    assert.equal(
      published.map(({ source, received }) => [source, received]),
      [0, 1, 4].map(second => ['extraction', begin + second * 1_000]),
    );
    assert.equal([recorder.counts.queued, recorder.counts.working], [0, 0]);
  }));

test('ids follow from the job and its secret, and begin with the time at which Clowder made the job', () =>
  withStorage(async storage => {
    const one = await start(storage);
    await one.recorder.record(seen(plain));
    await withStorage(async another => {
      const two = await start(another);
      await two.recorder.record(seen(plain, begin + 777));
      const ids = one.published.map(({ id }) => id);
      assert.equal(
        two.published.map(({ id }) => id),
        ids,
      );
      assert.is(new Set(ids).size, 3);
      const made = 0x65a89ee0 * 1_000;
      for (const id of ids) assert.is(Number.parseInt(id.slice(0, 12), 16), made);
    });
  }));

test('a job goes on over a restart of the daemon, and one that has ended stays so', () =>
  inFolder(async dir => {
    const before = await openStorage(dir);
    const first = await start(before);
    await first.recorder.record(seen(plain.slice(0, 1)));
    await before.close();
    const after = await openStorage(dir);
    const second = await start(after);
    assert.is(second.recorder.counts.queued, 1);
    await second.recorder.record(seen(plain.slice(1), begin + 60_000));
    const [, done] = bodies(second.published);
    assert.equal([done.type, done.waiting_seconds, done.working_seconds], ['done', 60, 3]);
    const third = await start(after);
    await third.recorder.record(seen(plain.slice(1), begin + 61_000));
    assert.equal([third.published, third.recorder.counts.working], [[], 0]);
    await after.close();
  }));

test('what could not be published is tried until it is, and published once', () =>
  withStorage(async storage => {
    let refusals = 3;
    const { recorder, published } = await start(storage, () => refusals > 0 && refusals-- > 0);
    assert.ok(await recorder.record(seen(plain)));
    assert.is(published.length, 3);
    assert.is(refusals, 0);
  }));

test('a daemon that dies before it has published leaves it to the next one', () =>
  withStorage(async storage => {
    let tries = 0;
    let refusing = false;
    const first = await start(storage, () => {
      if (refusing) tries += 1;
      return refusing;
    });
    refusing = true;
    const recording = first.recorder.record(seen(plain));
    await until(async () => tries > 2, 'three tries');
    first.stop();
    assert.is(await recording, false);
    assert.equal(first.published, []);
    const second = await start(storage);
    const [, , done] = bodies(second.published);
    assert.equal([done.type, done.created, done.working_seconds], ['done', begin + 4_000, 3]);
    // The copies that were not acknowledged come again.
    await second.recorder.record(
      seen(plain, begin + 90_000).map(({ sighting, moment }) => ({ sighting, moment: { ...moment, fresh: false } })),
    );
    assert.is(second.published.length, 3);
    assert.not.match(JSON.stringify(second.published), secretKey);
  }));

test.run();
