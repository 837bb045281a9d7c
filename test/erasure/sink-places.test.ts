import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Writes } from '../../src/delivery/writes.js';
import { sinkPlaces } from '../../src/erasure/sink-places.js';
import { peopleOf } from '../../src/people/people.js';
import { pseudonymsOf } from '../../src/people/personal-data.js';
import { thrown } from '../helpers/thrown.js';

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
  await places[0]!.erase(people, { erasure: 'first', signal, commit: async () => undefined });
  return seen;
}

test('a destination is asked by what it was given', async () => {
  const pseudonyms = ['user-of-ada', 'ada@example.org'].flatMap(id => pseudonymsOf(secret, id));
  for (const level of ['none', 'pseudonym']) assert.equal([...(await asked(level))].sort(), [...pseudonyms].sort());
  const raw = await asked('full');
  assert.ok(raw.includes('user-of-ada') && raw.includes('ada@example.org'));
});

test('a stop does not wait for a write that is held up, and the destination is not asked', async () => {
  const stop = new AbortController();
  const asked: string[] = [];
  const ability = { erase: async () => void asked.push('one') };
  const sink = { definition: { name: 'one', title: 'One', people: ability }, config: {}, personal: 'full' };
  const writes = new Writes();
  const end = writes.begin('one');
  const [place] = sinkPlaces({ sinks: [sink], toolsOf: () => ({}), writes } as never);
  const tried = thrown(place!.erase(people, { erasure: 'first', signal: stop.signal, commit: async () => undefined }));
  stop.abort();
  assert.is((await tried).name, 'AbortError');
  assert.equal(asked, []);
  end();
});

test.run();
