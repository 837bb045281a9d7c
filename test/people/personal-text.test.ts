import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownTexts, replaceAddresses, replaceMails } from '../../src/people/personal-text.js';

const mails = (text: string): string => replaceMails(text, () => '<mail>');
const addresses = (text: string): string => replaceAddresses(text, () => '<ip>');

test('mail addresses, wherever they stand', () => {
  for (const [text, expected] of [
    ['ada@example.org', '<mail>'],
    ['Ask Ada <ada.b+c@mail.example.org>, or me@x.de.', 'Ask Ada <<mail>>, or <mail>.'],
    ['/search?by=ada%40example.org&n=1', '/search?by=<mail>&n=1'],
    ['“zoë@münchen.example”', '“<mail>”'],
    ['a@b.example,c@d.example', '<mail>,<mail>'],
    ['@ada, a @ b, a@b, a@b., @example.org, left-pad@1.3.0, a@@example.org', undefined],
  ] as const) {
    assert.is(mails(text), expected ?? text, text);
  }
});

test('network addresses, but no versions', () => {
  for (const [text, expected] of [
    ['192.0.2.7', '<ip>'],
    ['from 192.0.2.7:443, 2001:db8::1 and [2001:db8::2]:80.', 'from <ip>:443, <ip> and [<ip>]:80.'],
    ['http://192.0.2.7/a and ::ffff:192.0.2.7.', 'http://<ip>/a and <ip>.'],
    ['at 192.0.2.7.', 'at <ip>.'],
    ['Chrome/120.0.0.0, v1.2.3.4, 1.2.3.4.5, 300.1.1.1, 12:30:45, std::vector, ::', undefined],
  ] as const) {
    assert.is(addresses(text), expected ?? text, text);
  }
});

test('known texts as words of their own, in a URL too', () => {
  const known = new KnownTexts([
    ['Ada Example', '<name>'],
    ['Zoë', '<zoe>'],
    ['u-17', '<id>'],
    ['İlkay Demir', '<ilkay>'],
  ]);
  for (const [text, expected] of [
    ['by ada example, Ada Examples', 'by <name>, Ada Examples'],
    ['?q=Ada+Example&r=Ada%20Example&z=Zo%C3%AB', '?q=<name>&r=<name>&z=<zoe>'],
    ['/users/u-17/u-170', '/users/<id>/u-170'],
    ['İ ada example, İLKAY DEMIR', 'İ <name>, <ilkay>'],
  ] as const) {
    assert.is(known.replaceIn(text), expected, text);
  }
});

test.run();
