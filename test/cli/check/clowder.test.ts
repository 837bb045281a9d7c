import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runAttempts } from '../../../src/cli/check/attempt.js';
import { clowder } from '../../../src/cli/check/clowder.js';
import { systemClock } from '../../../src/clock.js';
import { straight } from '../../helpers/outgoing.js';
import { clowder1, clowder2 } from '../../helpers/servers/clowder.js';
import type { StandIn } from '../../helpers/servers/stand-in.js';

const test = suite('check of Clowder');

async function found(server: StandIn, apiKey?: string) {
  await server.start();
  try {
    const config = { origin: server.origin, url: server.origin, apiKey };
    const [finding] = await runAttempts([clowder(config, straight, systemClock)], systemClock);
    return [finding?.outcome, finding?.result] as const;
  } finally {
    await server.stop();
  }
}

test('either Clowder answers, without a key too', async () => {
  assert.equal(await found(clowder1({})), ['ok', 'answers']);
  assert.equal(await found(clowder2({})), ['ok', 'Clowder 2 answers']);
  assert.equal(await found(clowder2({ adminKey: 'right' }), 'right'), ['ok', 'Clowder 2 answers']);
});

test('a key that is refused, a page, nobody there', async () => {
  const [outcome, result] = await found(clowder2({ adminKey: 'right' }), 'wrong');
  assert.is(outcome, 'wrong');
  assert.match(result ?? '', /CLOWDER_API_KEY/);
  const page = clowder1({});
  page.always = { status: 200, body: '<html>' };
  assert.match((await found(page))[1] ?? '', /answers with a page/);
  const away = clowder1({});
  away.always = { status: 502, body: 'Bad Gateway' };
  assert.match((await found(away))[1] ?? '', /answered 502/);
});

test.run();
