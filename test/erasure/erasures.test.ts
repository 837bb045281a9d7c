// timeout: 120 s
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErasureList, ErasureReceipt, UsageReport } from '../../openapi/api-types.js';
import { Writes } from '../../src/delivery/writes.js';
import { Erasures } from '../../src/erasure/erasures.js';
import type { Place } from '../../src/erasure/place.js';
import { TransientError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { pseudonymsOf } from '../../src/people/personal-data.js';
import { Suppression } from '../../src/people/suppression.js';
import { Database } from '../../src/storage/database.js';
import { invoke } from '../cli/invoke.js';
import { hastyClock } from '../helpers/clock.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { openStorage } from '../storage/scratch.js';

/** Invented, and nowhere else. */
const ada = { user_id: '57e1b2c3d4e5f60718293a4b', user_name: 'Ada Quillfeather' };
const adaAsAuthor = { author_id: ada.user_id, author_name: ada.user_name };
const mail = 'ada.q@mail.example';
const carl = { user_id: '65a3dea71616158972863493', user_name: 'Carl Marshlake' };
const secret = 'a secret of the test that is long enough';

const pseudonyms = [ada.user_id, ada.user_name, mail].flatMap(text => pseudonymsOf(secret, text));
const words = [ada.user_id, 'Quillfeather', mail, ...pseudonyms];

/** How often the daemon is killed while it erases. */
const kills = Number(process.env.ERASURE_KILLS ?? 1);

const now = Date.now();
const download = (n: number, more: object): object => ({
  ...{ category: 'download', type: 'dataset', resource_id: `65a3dea7161615897286${1000 + n}`, size: 17 },
  created: now - n * 60_000,
  ...more,
});

/** What is hers, and what others' events say of her. */
const hers = [
  ...Array.from({ length: 300 * kills }, (_, n) => download(n % 7, ada)),
  { category: 'comment', user_id: pseudonyms[0], text: 'from a sink that has pseudonyms' },
  { category: 'identify', user_properties: { set: { email: mail.toUpperCase() } } },
];
const others = [
  ...Array.from({ length: 20 }, (_, n) => download(n % 7, { ...carl, ...adaAsAuthor })),
  {
    category: 'comment',
    ...carl,
    ...adaAsAuthor,
    text: `Ada Quillfeather <${mail}> and Carl`,
    url: `https://clowder.example.org/users/${ada.user_id}?mail=ada.q%40mail.example`,
    nested: { editors: [{ creator: { id: ada.user_id, name: ada.user_name } }, mail] },
    payload: JSON.stringify({ owner_id: ada.user_id, owner_name: 'Ada Quillfeather', n: 1 }),
  },
];

async function send(daemon: TestDaemon): Promise<void> {
  const portions = Array.from({ length: Math.ceil(hers.length / 500) }, (_, n) => hers.slice(n * 500, n * 500 + 500));
  for (const events of [...portions, others]) {
    const response = await daemon.post(events);
    assert.is(response.status, 202, await response.text());
  }
}

async function erase(daemon: TestDaemon): Promise<ErasureReceipt> {
  const body = JSON.stringify({ ids: [ada.user_id, mail] });
  const headers = { 'content-type': 'application/json' };
  const response = await daemon.request('/v1/people/erase', { method: 'POST', headers, body });
  assert.is(response.status, 202);
  return (await response.json()) as ErasureReceipt;
}

async function done(daemon: TestDaemon, id: string): Promise<ErasureReceipt> {
  return until(
    async () => {
      const list = (await (await daemon.request('/v1/people/erasures')).json()) as ErasureList;
      return list.erasures.find(one => one.id === id && one.state === 'done');
    },
    'an erasure that is done',
    60_000,
  );
}

/** Names of files, with the words that stand in their bytes. */
function found(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .flatMap(entry => {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      return words.filter(word => bytes.includes(word)).map(word => `${entry.name}: ${word}`);
    });
}

/** How often datasets were downloaded, as it is counted. */
async function usageOf(daemon: TestDaemon): Promise<number> {
  const { usage } = (await (await daemon.request('/v1/usage?by=month')).json()) as UsageReport;
  return usage.reduce(
    (sum, { regular }) => sum + (typeof regular === 'string' ? 0 : regular.unique_dataset_requests),
    0,
  );
}

/** What was deleted leaves the disk within seconds. */
async function withoutHer(daemon: TestDaemon): Promise<void> {
  const gone = (): boolean => found(daemon.dir).length === 0;
  await until(gone, 'files without her', 30_000).catch(() => assert.equal(found(daemon.dir), []));
}

/** While everything of every sink adds up. */
async function erasedFor(daemon: TestDaemon, name: string): Promise<number | undefined> {
  const ledger = await daemon.json('/v1/ledger');
  assert.is(ledger.balanced, true, JSON.stringify(ledger));
  return ledger.sinks.find(({ sink }) => sink === name)?.erased;
}

/** A daemon with a destination that is down, and with a dead letter and a message in the outbox about her. */
async function scene(): Promise<{ daemon: TestDaemon; remove(): Promise<void> }> {
  const folder = temporaryFolder();
  const dir = folder.path;
  const storage = await openStorage(dir);
  const { number: queue } = await storage.write('declareQueue', { name: 'event-sink.local', sink: 'local' });
  const bodies = [{ ...ada, created: 'never' }, { ...carl, ...adaAsAuthor, created: 'never' }, ada].map(one =>
    JSON.stringify(one),
  );
  const columns = {
    ...{ ids: ['a', 'b', 'c'], bodies: [...bodies.slice(0, 2), `${ada.user_id} is not JSON`] },
    ...{ sources: ['http', 'http', 'clowder'], received: [now, now, now], timestamps: [null, null, null] },
  };
  await storage.write('publish', columns);
  const { rows } = await storage.write('take', { queue, after: 0, count: 3, bytes: 1e9, atLeastOne: true });
  const seqs = rows.map(([seq]) => seq);
  const dead = seqs.map(seq => ({ seq, reason: `it begins with '${ada.user_id}'`, fault: 'poison', attempts: 1 }));
  await storage.write('settle', { queue, seqs, dead });
  await storage.write('appendOutbox', { ...columns, target: null, maxBytes: 1e9 });
  await storage
    .keyValues('context')
    .put([['65a3dea71616158972861000', JSON.stringify({ kind: 'dataset', owner: ada.user_id, rank: 3 })]], 1e9);
  await storage.close();
  const webhook = await freePort();
  const env = {
    WEBHOOK_URL: `http://127.0.0.1:${webhook}/events`,
    ...{ ID_SECRET: secret, USAGE: 'on', USAGE_SOURCE: 'clowder' },
  };
  const daemon = await new TestDaemon({ dir, env }).start();
  const remove = async (): Promise<void> => {
    await daemon.remove();
    folder.remove();
  };
  return { daemon, remove };
}

test('a person is erased from every file, also when the daemon is killed meanwhile; usage keeps its counts', async () => {
  const { daemon, remove } = await scene();
  try {
    await send(daemon);
    await until(async () => (await daemon.stored()).length >= hers.length + others.length, 'stored events');
    // Seven datasets were downloaded by two people.
    await until(async () => (await usageOf(daemon)) === 14, 'counted usage');
    assert.is.not(found(daemon.dir).length, 0);
    const { id } = await erase(daemon);
    for (let kill = 0; kill < kills; kill += 1) {
      await daemon.kill('SIGKILL');
      await daemon.start();
      // Somewhere in the middle of it, where there is another kill.
      await new Promise(resolve => setTimeout(resolve, Math.random() * 200 * Math.min(kills - 1, 1)));
    }
    const receipt = await done(daemon, id);
    assert.not.match(JSON.stringify(receipt), new RegExp(words.join('|')));
    const counts = Object.fromEntries(receipt.places.map(({ place, erased, changed }) => [place, [erased, changed]]));
    assert.equal(counts['dead letters in DATA_DIR'], [2, 1]);
    assert.equal(counts.outbox, [2, 1]);
    assert.equal(counts['local store'], [hers.length, others.length]);
    // What waits for the destination that is down is erased where it waits, or as it comes out of its queue.
    await until(async () => (await erasedFor(daemon, 'webhook')) === hers.length, 'hers, left out for the webhook');
    await withoutHer(daemon);
    // Its days are counted anew, with one download more.
    await daemon.post(download(8, { ...carl, resource_id: '65a3dea71616158972862000' }));
    await until(async () => (await usageOf(daemon)) === 15, 'usage as it was, and one more');
    const kept = await daemon.stored('comment');
    assert.is(kept.length, 1);
    assert.is(kept[0]?.text, '[erased] <[erased]> and Carl');
    assert.is(kept[0]?.user_name, carl.user_name);

    // Replayed, what is hers is let in nowhere, and counted; the rest comes without her.
    const stored = (await daemon.stored()).length;
    await send(daemon);
    await until(async () => (await daemon.stored()).length >= stored + others.length, 'replayed events');
    assert.is((await daemon.stored()).length, stored + others.length);
    await until(async () => (await erasedFor(daemon, 'local')) === hers.length, 'hers, left out of the local store');
    await withoutHer(daemon);
    await daemon.kill('SIGTERM');
    assert.equal(found(daemon.dir), []);
    for (const word of words) assert.not.ok(daemon.output.includes(word), `${word} in the log`);
  } finally {
    await remove();
  }
});

test('a restored backup is gone through once more: whoever was erased since stays so', async () => {
  const { daemon, remove } = await scene();
  const backups = temporaryFolder();
  try {
    await send(daemon);
    await until(async () => (await daemon.stored()).length >= hers.length + others.length, 'stored events');
    const env = { DATA_DIR: daemon.dir };
    const made = await invoke(['backup', backups.path], { env });
    assert.is(made.code, 0, made.err);
    const { id } = await erase(daemon);
    await done(daemon, id);
    await daemon.kill('SIGTERM');
    const { file } = JSON.parse(made.out) as { file: string };
    const restored = await invoke(['restore', file], { env });
    assert.is(restored.code, 0, restored.err);
    const { aside } = JSON.parse(restored.out) as { aside: string };
    rmSync(join(daemon.dir, aside));
    assert.is.not(found(daemon.dir).length, 0);
    await daemon.start();
    await withoutHer(daemon);
    assert.is((await daemon.stored('download')).length, 20);
    const list = (await (await daemon.request('/v1/people/erasures')).json()) as ErasureList;
    assert.ok(list.erasures.some(one => one.id === id));
  } finally {
    await remove();
    backups.remove();
  }
});

test('a place that cannot be reached is tried again, after a restart too, and keeps nobody from the others', async () => {
  const folder = temporaryFolder();
  const suppression = new Suppression(secret);
  const tried: string[] = [];
  const begin = async (isDown: boolean): Promise<{ erasures: Erasures; end(): Promise<void> }> => {
    const storage = await openStorage(folder.path);
    const place = (name: string): Place => ({
      name,
      erase: async ({ texts }) => {
        tried.push(`${name} ${texts?.[0]}`);
        if (isDown && name === 'first') throw new TransientError('it is down');
        return name === 'second' ? { erased: 2, steps: ['ask there'] } : { erased: 1 };
      },
    });
    const places = ['first', 'second'].map(place);
    const erasures = new Erasures({
      ...{ storage, suppression, idSecret: secret, places, settled: async () => undefined },
      ...{ clock: hastyClock(1000), log: silentLog },
    });
    erasures.start();
    const end = async (): Promise<void> => {
      await erasures.close();
      await storage.close();
    };
    return { erasures, end };
  };
  try {
    const before = await begin(true);
    const { id } = await before.erasures.erase([ada.user_id]);
    await until(() => tried.filter(one => one.startsWith('first')).length > 2, 'more than one try');
    const [pending] = await before.erasures.list();
    assert.is(pending?.state, 'pending');
    assert.is(pending?.places[0]?.reason, 'it is down');
    await before.end();
    const after = await begin(false);
    const receipt = await until(
      async () => (await after.erasures.list()).find(one => one.id === id && one.state === 'done'),
      'an erasure that is done',
    );
    assert.equal(
      receipt.places.map(({ place, state, erased }) => [place, state, erased]),
      [
        ['first', 'done', 1],
        ['second', 'left', 2],
      ],
    );
    assert.is(tried.filter(one => one.startsWith('second')).length, 1, 'what is done is not done again');
    assert.equal(new Set(tried), new Set([`first ${ada.user_id}`, `second ${ada.user_id}`]));
    await after.end();
    const database = new Database(join(folder.path, 'event-sink.db'));
    assert.is(database.value('SELECT count(*) FROM erasures WHERE people IS NOT NULL'), 0);
    database.close();
  } finally {
    folder.remove();
  }
});

test('an erasure waits for what was on its way when it was asked for, and not for what came later', async () => {
  const folder = temporaryFolder();
  const storage = await openStorage(folder.path);
  const suppression = new Suppression(secret);
  const writes = new Writes();
  const tried: string[] = [];
  const erasures = new Erasures({
    ...{ storage, suppression, idSecret: secret, clock: hastyClock(1000), log: silentLog },
    places: [
      {
        name: 'one',
        erase: async () => {
          tried.push('one');
          return {};
        },
      },
    ],
    settled: () => writes.ended('broker'),
  });
  try {
    const before = writes.begin('broker');
    erasures.start();
    const { id } = await erasures.erase([ada.user_id]);
    const asked = await until(
      async () => ((await storage.write('openErasures')).length > 0 ? true : undefined),
      'an open erasure',
    );
    assert.ok(asked);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    assert.equal(tried, []);
    const after = writes.begin('broker');
    before();
    await until(async () => (await erasures.list()).some(one => one.id === id && one.state === 'done'), 'its end');
    assert.equal(tried, ['one']);
    after();
  } finally {
    await erasures.close();
    await storage.close();
    folder.remove();
  }
});

test('a destination that hangs keeps no other erasure from other places, and takes one at a time', async () => {
  const folder = temporaryFolder();
  const storage = await openStorage(folder.path);
  const tried: string[] = [];
  let release = (): void => undefined;
  const hang = new Promise<void>(resolve => {
    release = resolve;
  });
  const place = (name: string, more: Pick<Place, 'isDistant'> = {}, answer?: Promise<void>): Place => ({
    ...{ name, ...more },
    erase: async (_people, { erasure }) => {
      tried.push(`${name} ${erasure}`);
      await answer;
      return { erased: 1 };
    },
  });
  const places = [place('here'), place('hangs', { isDistant: true }, hang), place('answers', { isDistant: true })];
  const erasures = new Erasures({
    ...{ storage, suppression: new Suppression(secret), idSecret: secret, clock: hastyClock(20), log: silentLog },
    // As in the daemon, where a reload may have changed them.
    get places() {
      return [...places];
    },
    settled: async () => undefined,
  });
  const statesOf = async (id: string): Promise<Record<string, string> | undefined> => {
    const receipt = (await erasures.list()).find(one => one.id === id);
    return receipt && Object.fromEntries([['', receipt.state], ...receipt.places.map(one => [one.place, one.state])]);
  };
  const others = async (id: string): Promise<boolean> => {
    const states = await statesOf(id);
    return states?.here === 'done' && states.answers === 'done';
  };
  const stays = { '': 'pending', here: 'done', hangs: 'pending', answers: 'done' };
  try {
    erasures.start();
    const { id: first } = await erasures.erase([ada.user_id]);
    await until(() => others(first), 'the first, everywhere else');
    const { id: second } = await erasures.erase([carl.user_id]);
    await until(() => others(second), 'the second, everywhere else');
    assert.equal([await statesOf(first), await statesOf(second)], [stays, stays]);
    assert.equal(
      tried.filter(one => one.startsWith('hangs')),
      [`hangs ${first}`],
    );
    release();
    for (const id of [first, second])
      await until(async () => (await statesOf(id))?.[''] === 'done', 'an erasure that is done');
    const expected = ['here', 'hangs', 'answers'].flatMap(name => [`${name} ${first}`, `${name} ${second}`]);
    assert.equal([...tried].sort(), expected.sort(), 'each once');
    const [receipt] = await erasures.list();
    assert.equal(
      receipt?.places.map(({ erased }) => erased),
      [1, 1, 1],
    );
  } finally {
    release();
    await erasures.close();
    await storage.close();
    folder.remove();
  }
});

test('nobody cannot be erased', async () => {
  const daemon = await new TestDaemon().start();
  try {
    const body = JSON.stringify({ ids: ['0'.repeat(24)] });
    const headers = { 'content-type': 'application/json' };
    const response = await daemon.request('/v1/people/erase', { method: 'POST', headers, body });
    assert.is(response.status, 400, await response.text());
  } finally {
    await daemon.remove();
  }
});

test.run();
