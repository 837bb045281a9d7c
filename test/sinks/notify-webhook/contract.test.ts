import * as assert from 'uvu/assert';
import { notifyWebhookSink } from '../../../src/sinks/notify-webhook.js';
import { straight } from '../../helpers/outgoing.js';
import { WebhookReceiver } from '../../helpers/servers/webhook-receiver.js';
import { change, messageTo } from '../../notify/messages.js';
import { sinkContract } from '../contract.js';

await sinkContract('notify.webhook', async () => {
  const receiver = new WebhookReceiver();
  const { server } = receiver;
  receiver.refuses = ({ service_name }) => service_name === 'bad';
  await server.start();
  return {
    definition: notifyWebhookSink,
    config: {
      url: { url: `${server.origin}/hook`, user: undefined, password: undefined },
      secret: receiver.key,
    },
    tools: { name: 'notify.webhook', outgoing: straight },
    message: id => messageTo('notify.webhook', id),
    delivered: () => receiver.ids,
    poison: id => messageTo('notify.webhook', id, [change('bad')]),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 503, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      server.always = on ? { status: 401 } : undefined;
    },
    close: async () => {
      await server.stop();
      assert.equal(receiver.violations, []);
    },
  };
});
