import { type EmailConfig, smtpAddress } from '../../../src/sinks/notify-email/addresses.js';
import { notifyEmailSink } from '../../../src/sinks/notify-email.js';
import { startExim } from '../../helpers/servers/exim.js';
import { FaultProxy } from '../../helpers/servers/proxy.js';
import { required } from '../../helpers/skip.js';
import { change, messageTo } from '../../notify/messages.js';
import { sinkContract } from '../contract.js';

await sinkContract('notify.email', async () => {
  const exim = required('exim', await startExim({ login: { user: 'ann', password: 'secret' } }));
  const proxy = await FaultProxy.start(exim.port);
  const config: EmailConfig = {
    smtp: smtpAddress().parse(`smtp://ann:secret@127.0.0.1:${proxy.port}`),
    to: ['ops@example.org'],
    from: 'event-sink@example.org',
  };
  return {
    definition: notifyEmailSink,
    config,
    tools: { name: 'notify.email' },
    message: id => messageTo('notify.email', id),
    delivered: async () => {
      const mails = await exim.mails();
      return mails.map(({ headers }) => /^<(.*)@example\.org>$/.exec(headers.get('message-id') ?? '')?.[1] ?? '');
    },
    poison: id => messageTo('notify.email', id, [change('REFUSED')]),
    outage: on => proxy.set(on ? 'refuse' : 'pass'),
    locked: on => exim.setPassword(on ? 'another' : 'secret'),
    close: async () => {
      await proxy.stop();
      await exim.stop();
    },
  };
});
