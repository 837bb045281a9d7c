import * as assert from 'uvu/assert';
import { webhookSink } from '../../../src/sinks/webhook.js';
import { message } from '../../helpers/memory-broker.js';
import { straight } from '../../helpers/outgoing.js';
import { EventReceiver } from '../../helpers/servers/event-receiver.js';
import { sinkContract } from '../contract.js';

await sinkContract('webhook', async () => {
  const receiver = new EventReceiver();
  receiver.refuses = ({ bad }) => bad === true;
  await receiver.start();
  const url = { url: `${receiver.origin}/hook`, user: undefined, password: undefined };
  return {
    definition: webhookSink,
    config: { url, secret: receiver.key, format: 'json', gzip: false },
    tools: { outgoing: straight },
    message: id => message(id),
    delivered: () => receiver.ids,
    poison: id => message(id, { bad: true }),
    outage: on => (on ? receiver.stop() : receiver.start()),
    overload: seconds => {
      receiver.always =
        seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      receiver.always = on ? { status: 403 } : undefined;
    },
    close: async () => {
      await receiver.stop();
      assert.equal(receiver.violations, []);
    },
  };
});
