import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { notes } from '../../src/erasure/notes.js';
import type { EraseTools } from '../../src/erasure/place.js';
import { peopleOf } from '../../src/people/people.js';
import { Database } from '../../src/storage/database.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { openStorage } from '../storage/scratch.js';

const secret = 'a secret of the test that is long enough';
const ada = '57e1b2c3d4e5f60718293a4b';
const ids = [ada, 'ada.q@mail.example', 'Ada "Quill" Feather', '112001', 'nginx-salt', 'admin'];

/** What is the daemon's own, whatever it looks like. */
const own: readonly (readonly [namespace: string, key: string, value: string])[] = [
  ['first-seen', ada, '1709544703342'],
  ['sink.ga4', ada, '1'],
  ['sink.matomo', 'an-id-of-ada.q@mail.example', '1'],
  ['nginx.visitors', 'nginx-salt', 'nginx-salt 112001'],
  ['sinks', 'admin', '["admin"]'],
  ['notify', 'state', '{"admin":112001}'],
  ['context', '65a3dea71616158972861001', '{"kind":"dataset","owner":"65a3dea71616158972863493","asked":112001}'],
];
const checkpoints: readonly (readonly [key: string, value: string])[] = [
  ['daemon-id', `"${ada}"`],
  ['nginx access.log', '{"position":{"file":"/logs/admin/nginx-salt","offset":112001},"unpublished":[]}'],
  ['target admin', '{"since":112001,"reason":"nginx-salt"}'],
];

const message = (id: string, fields: object) => ({
  id,
  source: 'nginx',
  received: 112001,
  body: JSON.stringify(fields),
});
const job = { jobId: 'job-1', extractor: 'admin', size: 112001, state: 'queued', seen: 112001 };

test('what the daemon remembers for itself stays, byte for byte; what names the person goes', async () => {
  const folder = temporaryFolder();
  const storage = await openStorage(folder.path);
  try {
    for (const [namespace, key, value] of own) await storage.keyValues(namespace).put([[key, value]], 1e9);
    for (const [key, value] of checkpoints) await storage.write('putCheckpoint', { key, value });
    const position = { file: 'admin', offset: 112001 };
    const others = message('b', { user_id: 'carl', author_id: ada, status: 112001, offset: 112001 });
    const ahead = {
      position,
      unpublished: [message('a', { user_id: ada }), others, message('c', { user_id: 'carl' })],
    };
    await storage.checkpoints.put('nginx other.log', ahead);
    await storage.keyValues('context').put([['65a3dea71616158972861000', `{"kind":"file","owner":"${ada}"}`]], 1e9);
    const jobs = { ...job, userId: ada, userName: 'Ada' };
    await storage.keyValues('extractions').put([['job-1', JSON.stringify(jobs)]], 1e9);
    await storage.write('keepAvailability', {
      service: 'clowder',
      spans: [{ lane: 'observed', from: 1, until: 2, state: 'down', reason: 'the admin (ada.q@mail.example) 112001' }],
      times: [],
    });

    let forgot = 0;
    const forgetContext = async (): Promise<void> => {
      forgot += 1;
    };
    const place = notes({ storage, forgetContext });
    const tools: EraseTools = { erasure: 'first', signal: new AbortController().signal, commit: async () => undefined };
    const people = peopleOf(secret, ids);
    const held = [];
    for await (const one of place.export!(people, tools.signal)) held.push(one);
    assert.is(held.length, 4);
    assert.equal(await place.erase(people, tools), { changed: 4 });
    assert.equal(await place.erase(people, tools), { changed: 0 });
    assert.is(forgot, 2);

    const database = new Database(join(folder.path, 'event-sink.db'));
    const memories = database.rows<[string, string, string]>('SELECT namespace, key, value FROM memories');
    const kept = [...own, ['extractions', 'job-1', JSON.stringify(job)]].map(one => one.join(' '));
    assert.equal(memories.map(one => one.join(' ')).sort(), kept.sort());
    for (const [key, value] of checkpoints)
      assert.is(database.value('SELECT value FROM checkpoints WHERE key = ?', key), value);
    const saved = await storage.checkpoints.get<typeof ahead>('nginx other.log');
    assert.equal(saved?.position, position);
    assert.equal(
      saved?.unpublished.map(({ id, body }) => [id, JSON.parse(body)]),
      [
        ['a', { category: 'erased', erased: true }],
        ['b', { user_id: 'carl', status: 112001, offset: 112001 }],
        ['c', { user_id: 'carl' }],
      ],
    );
    assert.is(database.value('SELECT reason FROM availability_spans'), 'the admin (erased) 112001');
    database.close();
  } finally {
    await storage.close();
    folder.remove();
  }
});

test.run();
