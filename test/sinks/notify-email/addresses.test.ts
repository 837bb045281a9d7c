import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mailAddress, mailAddresses, smtpAddress } from '../../../src/sinks/notify-email/addresses.js';

const problem = (text: string): string => smtpAddress().safeParse(text).error?.issues[0]?.message ?? '';

test('an address of a mail server', () => {
  assert.equal(smtpAddress().parse('smtp://ann:p%40ss@mail.example.org'), {
    host: 'mail.example.org',
    port: 587,
    secure: false,
    starttls: 'required',
    user: 'ann',
    password: 'p@ss',
  });
  assert.is(smtpAddress().parse('smtps://mail.example.org').port, 465);
  assert.is(smtpAddress().parse('smtp://mail.example.org:25').starttls, 'optional');
  assert.is(smtpAddress().parse('smtp://localhost:25').starttls, 'off');
  assert.is(smtpAddress().parse('smtp://ann:a@[::1]:25?starttls=required').starttls, 'required');
  assert.is(smtpAddress().parse('smtp://[::1]:25').host, '::1');
});

for (const [text, words] of [
  ['mail.example.org:25', /must begin with smtp:\/\/ or smtps:\/\//],
  ['http://mail.example.org', /must begin with smtp:\/\/ or smtps:\/\//],
  ['smtp://ann@mail.example.org', /has a user without a password/],
  ['smtp://mail.example.org/inbox', /must have no path/],
  ['smtp://mail.example.org?tls=no', /has the parameter tls/],
  ['smtp://mail.example.org?starttls=maybe', /must have starttls=required/],
  ['smtp://ann:a#b@mail.example.org', /percent-encode/],
] as const) {
  test(`${text} is not one`, () => {
    assert.match(problem(text), words);
  });
}

test('addresses of people', () => {
  assert.equal(mailAddresses().parse('ops@example.org, ann@example.org'), ['ops@example.org', 'ann@example.org']);
  for (const bad of ['', 'ops', 'ops@example.org,', 'Ann <ann@example.org>', 'a@b\r\nBcc: c@d', 'a@b c@d'])
    assert.not(mailAddresses().safeParse(bad).success, bad);
  assert.not(mailAddress().safeParse('a@b,c@d').success);
});

test.run();
