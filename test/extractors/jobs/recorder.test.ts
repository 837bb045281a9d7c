import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toBroker, Writes } from '../../../src/delivery/writes.js';
import type { Message } from '../../../src/events/message.js';
import { JobRecorder } from '../../../src/extractors/jobs/recorder.js';
import type { Sighting } from '../../../src/extractors/jobs/sighting.js';
import { silentLog } from '../../../src/log.js';
import { peopleOf } from '../../../src/people/people.js';
import { erasedBody, Suppression } from '../../../src/people/suppression.js';
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
async function start(
  storage: Storage,
  refuse: () => boolean = () => false,
  suppression = new Suppression('s'),
): Promise<Started> {
  const published: Message[] = [];
  const stop = new AbortController();
  const publish = async (messages: readonly Message[]): Promise<void> => {
    if (refuse()) throw new Error('not now');
    published.push(...messages);
  };
  const tools = { storage, publish, clock: hastyClock(), log: silentLog };
  const options = { ...tools, suppression, writes: new Writes(), idSecret: 's', stuckMs: 3_600_000 };
  const recorder = new JobRecorder(options, stop.signal);
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

const ada = { userId: '57e1b2c3d4e5f60718293a4b', userName: 'Ada Quillfeather' };
const { hashes } = peopleOf('s', [ada.userId]);
/** A job that she asked for: whoever hands it out says so, its status does not. */
const hers = plain.map(sighting =>
  sighting.kind === 'status' ? sighting : { ...sighting, job: { ...sighting.job, ...ada, resourceName: 'her.csv' } },
);

/** What the disk holds of open jobs. */
const kept = async (storage: Storage): Promise<string> =>
  JSON.stringify(await storage.read('newestValues', { namespace: 'extractions', limit: 10 }));

test('a job that an erased person asks for is kept without them, and none of its events says anything', () =>
  withStorage(async storage => {
    const { recorder, published } = await start(storage, undefined, new Suppression('s', hashes));
    assert.ok(await recorder.record(seen(hers.slice(0, 2))));
    const text = await kept(storage);
    assert.match(text, 'her.csv');
    for (const word of Object.values(ada)) assert.not.match(text, word);
    assert.is(recorder.counts.working, 1, 'it is a job all the same');
    assert.ok(await recorder.record(seen(hers.slice(2), begin + 10_000)));
    assert.equal(
      published.map(({ body }) => body),
      [erasedBody, erasedBody, erasedBody],
    );
  }));

test('a job that was open when its person was erased goes on without them', () =>
  withStorage(async storage => {
    const suppression = new Suppression('s');
    const { recorder, published } = await start(storage, undefined, suppression);
    await recorder.record(seen(hers.slice(0, 1)));
    assert.match(published[0]?.body ?? '', ada.userId);
    suppression.add(hashes);
    await recorder.record(seen(hers.slice(1, 2), begin + 10_000));
    for (const word of Object.values(ada)) assert.not.match(await kept(storage), word);
    assert.equal(
      published.slice(1).map(({ body }) => body),
      [erasedBody],
    );
  }));

test('what is on its way to the disk is known to whoever waits for it', () =>
  withStorage(async storage => {
    const writes = new Writes();
    let release = (): void => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const tools = { storage, publish: () => held, clock: hastyClock(), log: silentLog, writes };
    const options = { ...tools, suppression: new Suppression('s'), idSecret: 's', stuckMs: 3_600_000 };
    const recorder = new JobRecorder(options, new AbortController().signal);
    await recorder.load();
    const recording = recorder.record(seen(plain.slice(0, 1)));
    let over = false;
    await new Promise(resolve => setTimeout(resolve, 20));
    const ended = writes.ended(toBroker).then(() => {
      over = true;
    });
    await new Promise(resolve => setTimeout(resolve, 20));
    assert.is(over, false);
    release();
    await Promise.all([recording, ended]);
  }));

test.run();
