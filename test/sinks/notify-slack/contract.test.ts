import { notifySlackSink } from '../../../src/sinks/notify-slack.js';
import { straight } from '../../helpers/outgoing.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { change, messageTo } from '../../notify/messages.js';
import { sinkContract } from '../contract.js';

/** Chats show no ids: each message is about a service of that name. */
await sinkContract('notify.slack', async () => {
  const posted: string[] = [];
  const server = new StandIn(({ method, body }) => {
    if (method === 'HEAD') return { status: 404, body: '' };
    const { text } = JSON.parse(body) as { text: string };
    const [, id] = /^(\S+) is down\.$/.exec(text) ?? [];
    if (id === undefined) return { status: 400, body: 'invalid_payload' };
    posted.push(id);
    return { status: 200, body: 'ok' };
  });
  await server.start();
  return {
    definition: notifySlackSink,
    config: { url: { url: `${server.origin}/services/T0/B0/XX`, user: undefined, password: undefined } },
    tools: { name: 'notify.slack', outgoing: straight },
    message: id => messageTo('notify.slack', id, [change(id)]),
    delivered: () => posted,
    poison: id => messageTo('notify.slack', id, [change(id, { state: 'odd' })]),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      server.always = on ? { status: 403, body: 'invalid_token' } : undefined;
    },
    close: () => server.stop(),
  };
});
