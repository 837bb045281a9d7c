import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Publication } from '../../../../src/broker/broker.js';
import { addressed } from '../../../../src/broker/rabbitmq/publish/outgoing-publication.js';
import { UnsupportedError } from '../../../../src/errors.js';
import { collectingLog } from '../../../helpers/sink-session.js';

test('one without an address has failed, and keeps no other from its way, even if who hears of it throws', () => {
  const log = collectingLog();
  const failures: unknown[] = [];
  const publication = (id: string, failed: (error: unknown) => void): Publication => ({
    messages: [{ id, body: '{}', source: 'http', received: 0 }],
    accepted: () => {},
    failed,
  });
  const deaf = (): never => {
    throw new Error('nobody listens');
  };
  const found = addressed(
    [publication('lost', deaf), publication('lost', error => failures.push(error)), publication('good', deaf)],
    message => {
      if (message.id === 'lost') throw new UnsupportedError('no queue feeds it');
      return [{ message, target: null }];
    },
    log,
  );
  assert.equal(
    found.flatMap(({ messages }) => messages.map(({ message }) => message.id)),
    ['good'],
  );
  assert.instance(failures[0], UnsupportedError);
  assert.is(log.lines.length, 1);
});

test.run();
