import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Place } from '../../src/erasure/place.js';
import { Search } from '../../src/erasure/search.js';
import { TransientError } from '../../src/errors.js';
import { thrown } from '../helpers/thrown.js';

const never = new AbortController().signal;
const erase = async () => {
  throw new Error('nothing is erased by a search');
};

function searchIn(...places: readonly Pick<Place, 'name' | 'export'>[]): Search {
  return new Search({ idSecret: 'a secret of the test', places: places.map(place => ({ ...place, erase })) });
}

async function* two(): AsyncGenerator<unknown> {
  yield 1;
  yield 2;
}

// biome-ignore lint/correctness/useYield: it fails before it finds anything.
async function* down(): AsyncGenerator<unknown> {
  throw new TransientError('it is down');
}

test('a preview counts what is held in each place, and says which cannot be searched', async () => {
  const search = searchIn({ name: 'full', export: two }, { name: 'closed' }, { name: 'away', export: down });
  assert.equal(await search.preview(['user-of-ada'], never), [
    { place: 'full', found: 2, reason: null },
    { place: 'closed', found: null, reason: null },
    { place: 'away', found: null, reason: 'it is down' },
  ]);
});

test('one search at a time; the next one begins when the one before is over, or is left', async () => {
  const search = searchIn({ name: 'full', export: two });
  const first = search.export(['user-of-ada'], never);
  assert.is(search.isBusy, false);
  await first.next();
  assert.is(search.isBusy, true);
  assert.instance(await thrown(search.preview(['user-of-ada'], never)), TransientError);
  assert.is(search.isBusy, true);
  await first.return(undefined);
  assert.is(search.isBusy, false);
  assert.is((await search.preview(['user-of-ada'], never))[0]?.found, 2);
  assert.is(search.isBusy, false);
});

test('it ends in the place where nobody waits any more', async () => {
  const stop = new AbortController();
  const asked: string[] = [];
  async function* endless(): AsyncGenerator<unknown> {
    asked.push('endless');
    for (;;) yield 'more';
  }
  async function* unasked(): AsyncGenerator<unknown> {
    asked.push('unasked');
    yield 'nothing';
  }
  const search = searchIn({ name: 'one', export: endless }, { name: 'other', export: unasked });
  let found = 0;
  for await (const { data } of search.export(['user-of-ada'], stop.signal)) {
    if (data === 'more') found += 1;
    if (found === 3) stop.abort();
  }
  assert.equal([found, asked, search.isBusy], [3, ['endless'], false]);
});

test('a place that was not reached, or not seen as a whole, says so', async () => {
  const stop = new AbortController();
  // It ends as if that were all.
  async function* cut(): AsyncGenerator<unknown> {
    yield 1;
    stop.abort(new Error('too long'));
  }
  const places = [
    { name: 'full', export: two },
    { name: 'cut', export: cut },
    { name: 'closed' },
    { name: 'behind', export: two },
  ];
  const reason = 'the search ended before all of it was seen: too long';
  assert.equal(await searchIn(...places).preview(['user-of-ada'], stop.signal), [
    { place: 'full', found: 2, reason: null },
    { place: 'cut', found: null, reason },
    { place: 'closed', found: null, reason: null },
    { place: 'behind', found: null, reason },
  ]);
});

test.run();
