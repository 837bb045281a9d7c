import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sinkPlaces } from '../../src/erasure/sink-places.js';
import { peopleOf } from '../../src/people/people.js';
import { pseudonymsOf } from '../../src/people/personal-data.js';

const secret = 'a secret of the test';
const people = peopleOf(secret, ['user-of-ada', 'ada@example.org']);
const { signal } = new AbortController();

async function asked(personal: string): Promise<readonly string[]> {
  const seen: string[] = [];
  const ability = {
    erase: async (_config: unknown, { texts }: { readonly texts: readonly string[] }) => {
      seen.push(...texts);
      return {};
    },
  };
  const sink = { definition: { name: 'one', title: 'One', people: ability }, config: {}, personal };
  const places = sinkPlaces({ sinks: [sink], toolsOf: () => ({}), writes: { ended: async () => undefined } } as never);
  await places[0]!.erase(people, { signal, commit: async () => undefined });
  return seen;
}

test('a destination is asked by what it was given', async () => {
  const pseudonyms = ['user-of-ada', 'ada@example.org'].flatMap(id => pseudonymsOf(secret, id));
  for (const level of ['none', 'pseudonym']) assert.equal([...(await asked(level))].sort(), [...pseudonyms].sort());
  const raw = await asked('full');
  assert.ok(raw.includes('user-of-ada') && raw.includes('ada@example.org'));
});

test.run();
