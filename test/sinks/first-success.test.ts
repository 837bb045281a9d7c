import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { webhookSink } from '../../src/sinks/webhook.js';
import { startDelivery } from '../helpers/delivery.js';
import { message } from '../helpers/memory-broker.js';
import { EventReceiver } from '../helpers/servers/event-receiver.js';
import { until } from '../helpers/wait.js';

test('a batch that is held as if for a setting comes again with what came in since: one success frees the stream', async () => {
  const receiver = new EventReceiver();
  receiver.refuses = ({ bad }) => bad === true;
  await receiver.start();
  const url = { url: receiver.origin, user: undefined, password: undefined };
  const config = { url, secret: receiver.key, format: 'json', gzip: false };
  const delivery = startDelivery({ definition: webhookSink, config, holdMs: 5 });
  try {
    const { queue } = delivery;
    const poison = Array.from({ length: 25 }, (_, index) =>
      message(`bad-${index}`, { category: index % 2 === 0 ? 'upload' : 'download', bad: true }),
    );
    queue.add(...poison);
    await until(() => queue.pauses > 0, 'the held batch is given back');
    assert.equal([queue.dead.length, queue.done.length], [0, 0]);
    queue.add(message('good'));
    await until(() => queue.done.length === 1 && queue.dead.length === poison.length, 'one success');
    assert.equal([receiver.ids, receiver.repeats], [['good'], 0]);
  } finally {
    await delivery.stop();
    await receiver.stop();
  }
  assert.equal(receiver.violations, []);
});

test.run();
