import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { moveEmbeddedQueues } from '../../../src/broker/embedded/hand-over.js';
import { TransientError } from '../../../src/errors.js';
import type { Message } from '../../../src/events/message.js';
import { silentLog } from '../../../src/log.js';
import { columns, withStorage } from '../../storage/scratch.js';

test('hands on what waits, each to its own sink, and goes on where it was interrupted', () =>
  withStorage(async storage => {
    for (const sink of ['a', 'b']) await storage.write('declareQueue', { sink, name: `event-sink.${sink}` });
    await storage.write('publish', columns(0, 1200));
    const { rows } = await storage.write('take', { queue: 1, after: 0, count: 100, bytes: 1e9, atLeastOne: true });
    await storage.write('settle', { queue: 1, seqs: rows.map(([seq]) => seq) });

    const moved: Record<string, string[]> = { a: [], b: [] };
    let calls = 0;
    const publish = async (messages: readonly Message[]) => {
      calls += 1;
      if (calls === 3) throw new TransientError('gone');
      for (const { id, sinks = [] } of messages) for (const sink of sinks) moved[sink]!.push(id);
      return 'broker' as const;
    };
    const error = await moveEmbeddedQueues({ storage, log: silentLog, sinks: ['a', 'b'], publish }).catch(
      thrown => thrown,
    );
    assert.instance(error, TransientError);
    assert.is(await moveEmbeddedQueues({ storage, log: silentLog, sinks: ['a', 'b'], publish }), 1300);
    assert.equal(moved, { a: columns(100, 1100).ids, b: columns(0, 1200).ids });
    assert.equal(await storage.read('queueStates'), []);
    const { sinks, balanced } = await storage.ledger();
    assert.ok(balanced);
    assert.equal(
      sinks.map(({ accepted, delivered }) => [accepted, delivered]),
      [
        [100, 100],
        [0, 0],
      ],
    );
    assert.is(await moveEmbeddedQueues({ storage, log: silentLog, sinks: ['a', 'b'], publish }), 0);
  }));

test.run();
