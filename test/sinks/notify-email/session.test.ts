import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { smtpAddress } from '../../../src/sinks/notify-email/addresses.js';
import { openEmail } from '../../../src/sinks/notify-email/session.js';
import { makeCertificates } from '../../helpers/certificates.js';
import { freePort, portOf } from '../../helpers/ports.js';
import { type EximOptions, startExim } from '../../helpers/servers/exim.js';
import { rememberingMemory, sinkTools } from '../../helpers/sink-session.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { thrown } from '../../helpers/thrown.js';
import { change, eventTo } from '../../notify/messages.js';

const signal = new AbortController().signal;
const folder = temporaryFolder();
const certificates = required('openssl', makeCertificates(folder.path));
const file = (name: string) => ({ cert: join(folder.path, `${name}.pem`), key: join(folder.path, `${name}.key`) });

const open = (url: string, to = ['ops@example.org'], keyValues = rememberingMemory()) =>
  openEmail(
    { smtp: smtpAddress().parse(url), to, from: 'event-sink@example.org' },
    sinkTools({ name: 'notify.email', keyValues }),
  );
const write = async (url: string, to?: string[], id = 'id-1') =>
  (await open(url, to)).write([eventTo('notify.email', id)], signal);

async function withExim(options: EximOptions, work: (port: number, exim: Started) => Promise<void>): Promise<void> {
  const exim = required('exim', await startExim(options));
  try {
    await work(exim.port, exim);
  } finally {
    await exim.stop();
  }
}
type Started = Exclude<Awaited<ReturnType<typeof startExim>>, { skip: string }>;

test('a mail says what, since when, why and where to look, as text and as HTML, in the thread of its outage', () =>
  withExim({}, async (port, exim) => {
    const session = await open(`smtp://127.0.0.1:${port}`, ['ops@example.org', 'ann@example.org']);
    const outage = eventTo('notify.email', 'id-1', [change('clowder', { message: 'no answer: <b>504</b>' })]);
    const over = eventTo('notify.email', 'id-2', [
      change('clowder', { level: 'ok', state: 'up', at: change('a').at + 60_000 }),
    ]);
    await session.write([outage, { ...over, fields: { ...over.fields, thread: 'id-1' } }], signal);
    const mails = await exim.mails();
    const first = mails.find(({ headers }) => headers.get('message-id') === '<id-1@example.org>');
    const second = mails.find(({ headers }) => headers.get('message-id') === '<id-2@example.org>');
    assert.is(first?.headers.get('subject'), 'clowder is down');
    assert.is(first?.headers.get('from'), '"event-sink" <event-sink@example.org>');
    assert.is(first?.headers.get('to'), 'ops@example.org, ann@example.org');
    assert.is(first?.headers.get('auto-submitted'), 'auto-generated');
    assert.is(first?.headers.get('date'), 'Sat, 14 Mar 2026 08:14:14 +0000');
    assert.match(first?.text ?? '', /Content-Type: multipart\/alternative/);
    assert.match(first?.text ?? '', /^ {2}Reason: {7}no answer: <b>504<\/b>$/m);
    assert.match(first?.text ?? '', /&#60;b&#62;504/);
    assert.is(second?.headers.get('in-reply-to'), '<id-1@example.org>');
    assert.is(second?.headers.get('subject'), 'clowder is up again after 1 min');
  }));

test('of several recipients one that is refused keeps the mail from none of the others, nor sends it to them twice', () =>
  withExim({}, async (port, exim) => {
    const keyValues = rememberingMemory();
    const to = ['ops@example.org', 'refused@example.org'];
    const events = [eventTo('notify.email', 'id-1')];
    const session = await open(`smtp://127.0.0.1:${port}`, to, keyValues);
    const { rejected } = await session.write(events, signal);
    assert.match(
      rejected?.[0]?.reason ?? '',
      /refused refused@example\.org, and the other recipients have the mail: 550/,
    );
    assert.is((await exim.mails()).length, 1);
    const corrected = await open(`smtp://127.0.0.1:${port}`, ['ops@example.org', 'bob@example.org'], keyValues);
    await corrected.write(events, signal);
    const recipients = (await exim.mails()).map(({ headers }) => headers.get('envelope-to')).sort();
    assert.equal(recipients, ['bob@example.org', 'ops@example.org']);
  }));

test('a recipient that the server puts off is tried again, alone', () =>
  withExim({}, async (port, exim) => {
    const session = await open(`smtp://127.0.0.1:${port}`, ['ops@example.org', 'later@example.org']);
    const error = await thrown(session.write([eventTo('notify.email', 'id-1')], signal));
    assert.instance(error, TransientError);
    assert.match(error.message, /later@example\.org.*451/);
    assert.instance(await thrown(session.write([eventTo('notify.email', 'id-1')], signal)), TransientError);
    assert.is((await exim.mails()).length, 1);
  }));

test('a wrong recipient is a wrong setting', () =>
  withExim({}, async port => {
    const error = await thrown(write(`smtp://127.0.0.1:${port}`, ['refused@example.org']));
    assert.instance(error, SetupError);
    assert.match(error.message, /refused refused@example\.org .*no such person here.*: correct NOTIFY_EMAIL_TO/);
  }));

test('a wrong password is a wrong setting, for a probe too, and is shown nowhere', () =>
  withExim({ login: { user: 'ann', password: 'right' } }, async (port, exim) => {
    const session = await open(`smtp://ann:wrong-password@127.0.0.1:${port}`);
    for (const work of [() => session.probe(signal), () => session.write([eventTo('notify.email', 'a')], signal)]) {
      const error = await thrown(work());
      assert.instance(error, SetupError);
      assert.match(error.message, /refused the log-in of ann .*: correct user and password in SMTP_URL/);
      assert.not.match(error.message, /wrong-password/);
    }
    await (await open(`smtp://ann:right@127.0.0.1:${port}`)).probe(signal);
    assert.equal(await exim.mails(), []);
  }));

test('with a password nothing is sent to a server that offers no log-in', () =>
  withExim({}, async (port, exim) => {
    const session = await open(`smtp://ann:secret@127.0.0.1:${port}`);
    const error = await thrown(session.write([eventTo('notify.email', 'a')], signal));
    assert.instance(error, SetupError);
    assert.match(error.message, /refused the log-in of ann .*it may offer no log-in/);
    assert.instance(await thrown(session.probe(signal)), SetupError);
    assert.equal(await exim.mails(), []);
  }));

test('a server that wants a log-in and gets none', () =>
  withExim({ login: { user: 'ann', password: 'right' } }, async port => {
    const error = await thrown(write(`smtp://127.0.0.1:${port}`));
    assert.instance(error, SetupError);
    assert.match(error.message, /log in first/);
  }));

test('where encryption is required, a server without it gets neither password nor mail', () =>
  withExim({ login: { user: 'ann', password: 'right' } }, async (port, exim) => {
    const error = await thrown(write(`smtp://ann:right@127.0.0.1:${port}?starttls=required`));
    assert.instance(error, SetupError);
    assert.match(error.message, /offers no encryption \(STARTTLS\), and .*use another port or smtps:\/\//);
    assert.equal(await exim.mails(), []);
  }));

for (const from of ['starttls', 'connect'] as const) {
  test(`a certificate that nobody knows is refused, and the words say what to do (${from})`, () =>
    withExim({ tls: { ...file('self-signed'), from } }, async (port, exim) => {
      const url = from === 'connect' ? `smtps://127.0.0.1:${port}` : `smtp://127.0.0.1:${port}?starttls=required`;
      const error = await thrown(write(url));
      assert.instance(error, SetupError);
      assert.match(
        error.message,
        /no secure connection to 127\.0\.0\.1:\d+: TLS certificate is self-signed: set NODE_EXTRA_CA_CERTS/,
      );
      assert.equal(await exim.mails(), []);
    }));
}

test('where encryption is welcome and its certificate is not, the words name the way without', () =>
  withExim({ tls: { ...file('self-signed'), from: 'starttls' } }, async port => {
    const error = await thrown(write(`smtp://127.0.0.1:${port}?starttls=optional`));
    assert.match(error.message, /self-signed: set NODE_EXTRA_CA_CERTS .*, or go without encryption by \?starttls=off$/);
  }));

test('a certificate of an authority that is known, over STARTTLS and from the first byte on', async () => {
  for (const from of ['starttls', 'connect'] as const) {
    await withExim({ tls: { ...file('valid'), from } }, async (port, exim) => {
      const url = from === 'connect' ? `smtps://127.0.0.1:${port}` : `smtp://127.0.0.1:${port}?starttls=required`;
      const script = `
        const { smtpAddress } = await import(${JSON.stringify(new URL('../../../src/sinks/notify-email/addresses.js', import.meta.url))});
        const { openEmail } = await import(${JSON.stringify(new URL('../../../src/sinks/notify-email/session.js', import.meta.url))});
        const keyValues = { get: async () => new Map(), put: async () => {} };
        const config = { smtp: smtpAddress().parse(${JSON.stringify(url)}), to: ['ops@example.org'], from: 'a@example.org' };
        const session = await openEmail(config, { name: 'notify.email', keyValues });
        await session.write([${JSON.stringify(eventTo('notify.email', 'id-1'))}], new AbortController().signal);`;
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: certificates.ca },
      });
      const [mail] = await exim.mails();
      assert.match(mail?.text ?? '', /with esmtps/);
    });
  }
});

test('smtps:// at a port that begins in plain text, and a port where nobody listens', () =>
  withExim({}, async port => {
    const wrong = await thrown(write(`smtps://127.0.0.1:${port}`));
    assert.instance(wrong, SetupError);
    assert.match(wrong.message, /smtps:\/\/ is for 465, smtp:\/\/ for 587 and 25/);
    const closed = await freePort();
    const refused = await thrown(write(`smtp://127.0.0.1:${closed}`));
    assert.instance(refused, TransientError);
    assert.is(refused.message, `127.0.0.1:${closed}: connection refused`);
  }));

test('a server that is not one of mail, and a name that nobody knows', async () => {
  const server = createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const error = await thrown(write(`smtp://127.0.0.1:${portOf(server)}`));
  await new Promise(closed => server.close(closed));
  assert.instance(error, TransientError);
  assert.match(error.message, /broke off|did not take the mail/);
  const unknown = await thrown(write('smtp://nobody.invalid:25'));
  assert.instance(unknown, TransientError);
  assert.match(unknown.message, /nobody\.invalid/);
});

test.after(() => folder.remove());
test.run();
