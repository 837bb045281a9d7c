import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeCertificates, type Pair } from '../../helpers/certificates.js';
import { parsed, runOnce, targetOf } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { freePort, portOf } from '../../helpers/ports.js';
import { startExim } from '../../helpers/servers/exim.js';
import { type Script, startMailStandIn } from '../../helpers/servers/mail-stand-in.js';
import { startSServer } from '../../helpers/servers/s-server.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const folder = temporaryFolder();
const certificates = required('certificates', makeCertificates(folder.path));
const { ca } = certificates;

const test = suite('tls probe');
test.after(() => folder.remove());
watchLeaks(test);

/** One run against a fresh server of OpenSSL. */
async function against(pair: Pair, more: object = {}, options: readonly string[] = []) {
  const server = required('openssl', await startSServer(folder.path, pair, options));
  try {
    return await runOnce({ name: 'tls', url: `tls://127.0.0.1:${server.port}`, ca, ...more });
  } finally {
    await server.stop();
  }
}

test('an address is a host and a port; STARTTLS knows its protocol by the port, or from its address', () => {
  assert.is(targetOf('a=tls://www.example.org:443').address, 'tls://www.example.org:443');
  assert.is(targetOf('a=starttls://mail.example.org:587').address, 'starttls://mail.example.org:587');
  assert.is(targetOf('a=starttls://[2001:db8::1]:2525?protocol=smtp').address, 'starttls://[2001:db8::1]:2525');
  const problem = (url: string) => parsed([`a=${url}`]).problems[0]?.replace('HEALTH_TARGETS: target "a" ', '');
  assert.is(problem('tls://www.example.org'), 'must be tls://host:port, with a port from 1 to 65535');
  assert.is(
    problem('starttls://mail.example.org:2525'),
    'must say what is spoken at that port, as ?protocol=smtp (smtp, imap, pop3, ftp)',
  );
  assert.is(
    problem('starttls://mail.example.org:25?protocol=gopher'),
    'must end in ?protocol= and one of smtp, imap, pop3, ftp',
  );
});

test('a good chain is up, with the days and the time of the handshake', async () => {
  const { finding, reason, readings, times } = await against(certificates.valid);
  assert.equal([finding, reason], ['up', undefined]);
  assert.ok((readings.certificate_days_left ?? 0) > 29 && (readings.certificate_days_left ?? 0) <= 30);
  assert.ok((readings.time_connect ?? 0) > 0 && (readings.time_tls ?? 0) > 0 && (times?.average ?? 0) > 0);
});

test('what is wrong with a certificate is said, and its days all the same', async () => {
  const found = async (pair: Pair, more: object = {}) => {
    const { finding, reason, readings } = await against(pair, more);
    assert.type(readings.certificate_days_left, 'number');
    return [finding, reason];
  };
  assert.equal(await found(certificates.expired), ['down', 'TLS certificate has expired']);
  assert.equal(await found(certificates.otherName), [
    'down',
    'TLS certificate is for elsewhere.example.org, not for 127.0.0.1',
  ]);
  assert.equal(await found(certificates.otherName, { server_name: 'elsewhere.example.org' }), ['up', undefined]);
  assert.equal(await found(certificates.selfSigned), ['down', 'TLS certificate is self-signed']);
  assert.equal(await found(certificates.valid, { expect: { certificate_days: 60 } }), [
    'degraded',
    `TLS certificate ends in 30 days, fewer than 60`,
  ]);
});

test('a chain without its intermediate certificate is forgiven where that is wanted, and only that', async () => {
  const { belowIntermediate, intermediate } = certificates;
  const whole = await against(belowIntermediate, {}, ['-cert_chain', intermediate]);
  assert.equal([whole.finding, whole.reason], ['up', undefined]);
  // The first of the chain to end counts.
  assert.ok((whole.readings.certificate_days_left ?? 99) <= 20);
  const alone = await against(belowIntermediate);
  assert.equal(
    [alone.finding, alone.reason],
    [
      'down',
      'TLS chain ends at the server\'s own certificate: its issuer "intermediate" is neither sent nor trusted here',
    ],
  );
  assert.is((await against(belowIntermediate, { lenient: true })).finding, 'up');
  const named = { lenient: true, server_name: 'elsewhere.example.org' };
  assert.is(
    (await against(belowIntermediate, named)).reason,
    'TLS certificate is for 127.0.0.1, not for elsewhere.example.org',
  );
  assert.is((await against(certificates.selfSigned, { lenient: true })).finding, 'down');
});

test('a server that is away, that is silent, and that does not speak TLS', async () => {
  const port = await freePort();
  assert.is((await runOnce(`a=tls://127.0.0.1:${port}`)).reason, 'connection refused');
  const answering = async (words: string | undefined, timeout: number) => {
    const server = createServer(socket => {
      socket.on('error', () => {}).resume();
      if (words !== undefined) socket.end(words);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { reason } = await runOnce({ name: 'a', url: `tls://127.0.0.1:${portOf(server)}`, timeout });
    await new Promise(closed => server.close(closed));
    return reason;
  };
  assert.is(await answering(undefined, 0.3), 'no answer within 0.3 s (in the TLS handshake)');
  assert.match((await answering('HTTP/1.1 400 Bad Request\r\n\r\n', 5)) ?? '', /does not speak TLS|handshake failed/);
  const gone = await runOnce({ name: 'a', url: `tls://127.0.0.1:${port}`, ca: '/none.pem' });
  assert.equal([gone.finding, gone.reason], ['unknown', 'not checked: ca cannot be read: no such file or folder']);
});

const smtp: Script = {
  hello: '220-mail.example.org ESMTP\r\n220 ready',
  answers: { EHLO: '250-mail.example.org\r\n250-SIZE 1000\r\n250 STARTTLS', STARTTLS: '220 go ahead' },
  starts: 'STARTTLS',
};
const imap: Script = {
  hello: '* OK [CAPABILITY IMAP4rev1 STARTTLS] ready',
  answers: { 'a1 STARTTLS': 'a1 OK begin' },
  starts: 'a1 STARTTLS',
};
const pop3: Script = { hello: '+OK ready', answers: { STLS: '+OK begin' }, starts: 'STLS' };
const ftp: Script = { hello: '220 ready', answers: { 'AUTH TLS': '234 begin' }, starts: 'AUTH TLS' };

async function asked(protocol: string, script: Script, pair: Pair = certificates.valid, timeout = 5) {
  const server = await startMailStandIn(script, pair);
  try {
    const url = `starttls://127.0.0.1:${server.port}?protocol=${protocol}`;
    return await runOnce({ name: 'mail', url, ca, timeout });
  } finally {
    await server.stop();
  }
}

test('STARTTLS over SMTP, IMAP, POP3 and FTP ends in the same look at the certificate', async () => {
  for (const [protocol, script] of Object.entries({ smtp, imap, pop3, ftp })) {
    const { finding, reason, readings } = await asked(protocol, script);
    assert.equal([protocol, finding, reason], [protocol, 'up', undefined]);
    assert.type(readings.certificate_days_left, 'number');
  }
  assert.is((await asked('imap', imap, certificates.expired)).reason, 'TLS certificate has expired');
});

test('a real mail server, with its certificate, with an old one, and without TLS', async () => {
  const mail = async (pair: Pair | undefined, more: object = {}) => {
    const file = (kind: 'cert' | 'key'): string => {
      const path = join(folder.path, `exim.${kind}`);
      writeFileSync(path, pair?.[kind] ?? '');
      return path;
    };
    const tls = { cert: file('cert'), key: file('key'), from: 'starttls' } as const;
    const exim = required('exim', await startExim(pair === undefined ? {} : { tls }));
    try {
      const url = `starttls://127.0.0.1:${exim.port}?protocol=smtp`;
      const { finding, reason } = await runOnce({ name: 'mail', url, ca, ...more });
      return [finding, reason];
    } finally {
      await exim.stop();
    }
  };
  assert.equal(await mail(certificates.valid), ['up', undefined]);
  assert.equal(await mail(certificates.valid, { server_name: 'mail.example.org' }), [
    'down',
    'TLS certificate is for 127.0.0.1, not for mail.example.org',
  ]);
  assert.equal(await mail(certificates.expired), ['down', 'TLS certificate has expired']);
  assert.equal(await mail(undefined), ['down', 'SMTP server does not offer STARTTLS']);
});

test('a mail server that has no TLS, refuses, or is none', async () => {
  const reason = async (protocol: string, script: Script, timeout = 5) =>
    (await asked(protocol, script, certificates.valid, timeout)).reason;
  assert.is(
    await reason('smtp', { ...smtp, answers: { EHLO: '250 mail.example.org' } }),
    'SMTP server does not offer STARTTLS',
  );
  assert.is(
    await reason('smtp', { ...smtp, hello: '554 no service' }),
    'SMTP server answers "554 no service" to a connection',
  );
  assert.is(
    await reason('smtp', { ...smtp, answers: { ...smtp.answers, STARTTLS: '454 no certificate' } }),
    'SMTP server answers "454 no certificate" to STARTTLS',
  );
  assert.is(
    await reason('imap', { ...imap, answers: { 'a1 STARTTLS': 'a1 BAD unknown' } }),
    'IMAP server answers "a1 BAD unknown" to a1 STARTTLS',
  );
  assert.is(await reason('smtp', pop3), 'the answer is not SMTP: "+OK ready"');
  assert.is(
    await reason('smtp', { ...smtp, answers: {} }, 0.3),
    'no answer within 0.3 s (waiting for the server to agree to TLS)',
  );
});

test.run();
