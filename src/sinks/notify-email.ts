import { hostname } from 'node:os';
import { channelRenderer } from '../notify/channel.js';
import { setting } from '../settings/setting.js';
import { type EmailConfig, mailAddress, mailAddresses, smtpAddress } from './notify-email/addresses.js';
import { asJson } from './rendering.js';
import { defineSink } from './sink.js';

/** Mail over SMTP. A message that goes out twice has the same Message-ID. */
export const notifyEmailSink = defineSink({
  name: 'notify.email',
  title: 'Notifications by mail',
  prefix: 'NOTIFY_EMAIL',
  settings: {
    smtp: setting(
      'SMTP_URL',
      smtpAddress().optional(),
      'The mail server: `smtp://user:password@host:587` or `smtps://host:465`. With a user, and to any other machine, the connection must be encrypted (STARTTLS); `?starttls=off` gives that up, `?starttls=required` asks for it without a user too.',
      { secret: true, example: 'smtp://user:password@mail.example.org:587' },
    ),
    to: setting(
      'NOTIFY_EMAIL_TO',
      mailAddresses().optional(),
      'Who gets mail when a service or the daemon has a problem, and when that is over; addresses by comma. Set = on.',
      { example: 'operators@example.org' },
    ),
    from: setting(
      'NOTIFY_EMAIL_FROM',
      mailAddress().optional(),
      'Sender of that mail. Default: the user of SMTP_URL if it is an address, else `event-sink@` this machine.',
      { example: 'event-sink@example.org' },
    ),
  },
  switchedOnBy: 'NOTIFY_EMAIL_TO',
  configure({ smtp, to, from }, problems): EmailConfig | undefined {
    if (to === undefined) {
      if (from !== undefined) problems.add('NOTIFY_EMAIL_TO', 'is missing: NOTIFY_EMAIL_FROM alone sends nothing');
      return undefined;
    }
    if (smtp === undefined) {
      problems.add('SMTP_URL', 'is missing: NOTIFY_EMAIL_TO needs a mail server, such as smtp://localhost:25');
      return undefined;
    }
    const user = smtp.user?.includes('@') ? smtp.user : undefined;
    return { smtp, to, from: from ?? user ?? `event-sink@${hostname()}` };
  },
  categories: ['notification'],
  notifies: true,
  // A mail may take seconds, and a write no more than half a minute.
  batch: { count: 5, bytes: 1024 * 1024, lingerMs: 0 },
  check: {
    tries: 'connect to the mail server, and log in',
    setting: () => 'SMTP_URL',
    reach: 'let this machine reach it (a firewall?), or correct SMTP_URL',
    untried: [{ what: 'send a mail', because: 'somebody would get it; event-sink notify test does' }],
  },
  renderer: async ({ from, to }, { name }) => {
    const { mailOf } = await import('./notify-email/session.js');
    return channelRenderer(name, notification => ({ mail: asJson(mailOf(notification, from, to)) }));
  },
  open: async (config: EmailConfig, tools) => (await import('./notify-email/session.js')).openEmail(config, tools),
});
