import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FullError, IdConflictError, TransientError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import { IdRegister } from '../../src/storage/id-register.js';
import type { Storage } from '../../src/storage/storage.js';
import { inFolder, manualClock, openStorage, ScratchDatabase } from './scratch.js';

const dayMs = 86_400_000;

function message(id: string, hash: string | undefined, stamped = 1): Message {
  const body = `{"category":"x","created":${stamped}}`;
  const given = hash === undefined ? {} : { given: { hash, stamped } };
  return { id, body, source: 'http', received: 1, ...given };
}

/** As RabbitMQ does: what was confirmed, in order. */
function broker() {
  const published: Message[] = [];
  const publish = async (messages: readonly Message[]) => {
    published.push(...messages);
    return 'broker' as const;
  };
  return { published, publish };
}

const conflict = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.unreachable('no conflict'),
    error => {
      assert.instance(error, IdConflictError);
      return (error as IdConflictError).ids;
    },
  );

const beforePublishing = (storage: Pick<Storage, 'write'>) => new IdRegister({ storage, keeps: 'before' });

async function withRegister(body: (register: IdRegister, storage: Storage, clock: { time: number }) => Promise<void>) {
  const clock = manualClock(1_700_000_000_000);
  await inFolder(async dir => {
    const storage = await openStorage(dir, { clock });
    try {
      await body(beforePublishing(storage), storage, clock);
    } finally {
      await storage.close();
    }
  });
}

test('events without ids of their own write nothing and wait for nothing', async () => {
  const { published, publish } = broker();
  const register = beforePublishing({ write: () => Promise.reject(new Error('asked')) });
  assert.is(await register.publish([message('a', undefined), message('a', undefined)], publish), 'broker');
  assert.is(published.length, 2);
});

test('a repeat goes on with the time of the first, also after a restart', () =>
  withRegister(async (register, storage) => {
    const { published, publish } = broker();
    await register.publish([message('a', 'h', 1)], publish);
    await register.publish([message('a', 'h', 2)], publish);
    await beforePublishing(storage).publish([message('a', 'h', 3), message('b', 'h', 3)], publish);
    assert.equal(
      published.map(({ id, body }) => [id, JSON.parse(body).created]),
      [
        ['a', 1],
        ['a', 1],
        ['a', 1],
        ['b', 3],
      ],
    );
  }));

test('a conflict names the ids, and nothing of the request is published', () =>
  withRegister(async register => {
    const { published, publish } = broker();
    await register.publish([message('a', 'h'), message('b', 'h')], publish);
    const request = [message('c', 'h'), message('b', 'other'), message('a', 'h'), message('d', undefined)];
    assert.equal(await conflict(register.publish(request, publish)), ['b']);
    assert.is(published.length, 2);
    await register.publish([message('c', 'other')], publish);
  }));

test('cut between publish and confirm, or killed there: whoever sends the event again gets the time that the first one carries', () =>
  withRegister(async (register, storage) => {
    const { published, publish } = broker();
    const cut = async (messages: readonly Message[]) => {
      await publish(messages);
      throw new TransientError('the connection broke before the confirm');
    };
    await register.publish([message('a', 'h', 1)], cut).catch(error => assert.instance(error, TransientError));
    await register.publish([message('a', 'h', 2)], publish);
    assert.equal(await conflict(register.publish([message('a', 'other')], publish)), ['a']);

    let reached = (): void => {};
    const killed = new Promise<void>(resolve => {
      reached = resolve;
    });
    void register.publish([message('b', 'h', 3)], async messages => {
      await publish(messages);
      reached();
      return new Promise<never>(() => {});
    });
    await killed;
    await beforePublishing(storage).publish([message('b', 'h', 4)], publish);
    assert.equal(
      published.map(({ id, body }) => [id, JSON.parse(body).created]),
      [
        ['a', 1],
        ['a', 1],
        ['b', 3],
        ['b', 3],
      ],
    );
  }));

test('where the broker keeps the ids with the events, a publish that fails leaves nothing: the id is free', () =>
  withRegister(async (_register, storage) => {
    const register = new IdRegister({ storage, keeps: 'with' });
    const { publish } = broker();
    const fails = () => Promise.reject(new TransientError('down'));
    await register.publish([message('a', 'h')], fails).catch(error => assert.instance(error, TransientError));
    await register.publish([message('a', 'other')], publish);
  }));

test('a key belongs to one request: nothing of another one is published, and the same one goes on', () =>
  withRegister(async register => {
    const { published, publish } = broker();
    const request = (hash: string, ids: readonly string[]): Message[] =>
      ids.map((id, index) => ({ ...message(id, id), ...(index === 0 ? { request: { key: 'k', hash } } : {}) }));
    await register.publish(request('two', ['a', 'b']), publish);
    await register.publish(request('two', ['a', 'b']), publish);
    const refused = await register.publish(request('three', ['a', 'b', 'c']), publish).then(
      () => undefined,
      error => error as IdConflictError,
    );
    assert.equal([refused?.ids, refused?.key], [[], 'k']);
    await register.publish([message('k', 'an id that looks like the key')], publish);
    assert.is(published.length, 5);
    assert.is(published[2]?.request, undefined);
  }));

test('who sends an id that is in flight waits for its end', () =>
  withRegister(async register => {
    const { publish } = broker();
    let confirm = (): void => {};
    const gate = new Promise<void>(resolve => {
      confirm = resolve;
    });
    const slow = register.publish([message('a', 'h'), message('b', 'h')], () => gate.then(() => 'broker' as const));
    const same = register.publish([message('b', 'h')], publish);
    const other = conflict(register.publish([message('c', 'h'), message('a', 'other')], publish));
    confirm();
    await Promise.all([slow, same]);
    assert.equal(await other, ['a']);
  }));

test('after a day an id is free again', () =>
  withRegister(async (register, _storage, clock) => {
    const { publish } = broker();
    await register.publish([message('a', 'h')], publish);
    clock.time += dayMs - 1;
    assert.equal(await conflict(register.publish([message('a', 'other')], publish)), ['a']);
    clock.time += 1;
    await register.publish([message('a', 'other')], publish);
    assert.equal(await conflict(register.publish([message('a', 'h')], publish)), ['a']);
  }));

test('a storage that cannot write costs no event', async () => {
  const { published, publish } = broker();
  const write = async (name: string) => {
    if (name === 'claimGivenIds') throw new FullError('full');
    return [];
  };
  const register = beforePublishing({ write: write as unknown as Storage['write'] });
  await register.publish([message('a', 'h')], publish);
  assert.is(published.length, 1);
});

test('the oldest are forgotten when their time is over', () => {
  const scratch = new ScratchDatabase();
  const columns = (ids: string[]) => ({ ids, hashes: ids, stamps: ids.map(() => null) });
  scratch.write('claimGivenIds', columns(['a', 'b', 'c']));
  scratch.now += dayMs;
  scratch.write('claimGivenIds', columns(['d']));
  assert.is(scratch.write('trimGivenIds', { limit: 2 }), 2);
  assert.is(scratch.write('trimGivenIds', { limit: 2 }), 1);
  assert.is(scratch.write('trimGivenIds', { limit: 2 }), 0);
  assert.equal(scratch.write('findGivenIds', { ids: ['a', 'd'] }), [['d', 'd', null]]);
});

test('at most a million are remembered, the newest', () => {
  const scratch = new ScratchDatabase();
  scratch.database.run(
    `INSERT INTO given_ids (n, id, hash, at) VALUES (1, 'a', '', ?), (2, 'b', '', ?), (1000001, 'c', '', ?)`,
    ...[scratch.now, scratch.now, scratch.now],
  );
  assert.is(scratch.write('trimGivenIds', { limit: 10 }), 1);
  assert.equal(
    scratch.write('findGivenIds', { ids: ['a', 'b', 'c'] }).map(([id]) => id),
    ['b', 'c'],
  );
});

test.run();
