import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clientFacts, type Sender } from '../../src/browser/client.js';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const countries: Record<string, string> = { '192.0.2.7': 'CH' };
const now = 1_709_544_703_342;

function facts(sender: Partial<Sender>): Record<string, string> {
  const names: [number, string, string][] = [];
  const visitors = {
    keyOf: (...parts: [number, string, string]) => {
      names.push(parts);
      return 'pseudonym';
    },
    save: async () => {},
  };
  const sent = { address: '192.0.2.7', agent: firefox, languages: 'de-CH,de;q=0.9,en;q=0.8', ...sender };
  const found = Object.fromEntries(clientFacts(sent, { visitors, countryOf: address => countries[address] }, now));
  assert.equal(names, [[now, sent.address, found.user_agent ?? '']]);
  return found;
}

test('agent, language, country and pseudonym are added, and the address is not', () => {
  assert.equal(facts({}), {
    source: 'browser',
    user_agent: firefox,
    agent_kind: 'person',
    language: 'de-CH',
    country: 'CH',
    visitor: 'pseudonym',
  });
});

test('a crawler that runs scripts is one', () => {
  const agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
  assert.is(facts({ agent }).agent_kind, 'crawler');
});

test('a program is none of them', () => {
  for (const agent of ['curl/8.5.0', 'pyclowder/3.0', 'python-requests/2.31.0', undefined])
    assert.is(facts({ agent }).agent_kind, 'machine', agent);
});

test('what is not there, or not a language, is left out', () => {
  assert.equal(Object.keys(facts({ agent: undefined, languages: undefined, address: '10.0.0.1' })), [
    ...['source', 'agent_kind', 'visitor'],
  ]);
  for (const languages of ['*', '', 'x'.repeat(20_000), '<script>'])
    assert.is(facts({ languages }).language, undefined);
  assert.is(facts({ languages: 'fr;q=0.5' }).language, 'fr');
});

test('an agent is kept to a bound', () => {
  assert.is(facts({ agent: 'x'.repeat(9000) }).user_agent?.length, 1024);
});

test.run();
