import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { peopleOf } from '../../../src/people/people.js';
import { eraseFrom } from '../../../src/sinks/matomo/people.js';
import { openSession } from '../../../src/sinks/matomo/session.js';
import { address } from '../../helpers/address.js';
import { MatomoServer } from '../../helpers/servers/matomo.js';
import { eventOf, sinkTools } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';

const signal = new AbortController().signal;
const test = suite<{ server: MatomoServer }>('people in Matomo');
/** With what means something in a segment. */
const ada = 'ada;user,of==4711';
const people = peopleOf('a secret of the test', [ada]);

test.before.each(async context => {
  context.server = new MatomoServer();
  await context.server.start();
});
test.after.each(async ({ server }) => {
  await server.stop();
  assert.equal(server.violations, []);
});

function config(server: MatomoServer) {
  return {
    siteId: 1,
    token: 'token-of-the-writer',
    siteUrl: 'https://clowder.example.org',
    idDimension: undefined,
    onAmbiguous: 'resend' as const,
    url: address(server.origin),
  };
}

async function track(server: MatomoServer, user: string, count: number): Promise<void> {
  const session = await openSession(config(server), sinkTools());
  const events = Array.from({ length: count }, (_, index) =>
    eventOf({ category: 'upload', user_id: user, created: 1_700_000_000_000 }, { id: `${user.length}-${index}` }),
  );
  await session.write(events, signal);
  await session.close();
}

test('the visits of the user go, however many there are, and those of others stay', async ({ server }) => {
  await track(server, ada, 450);
  await track(server, 'carl-0815-of-the-others', 3);
  const { erased, steps = [] } = await eraseFrom(config(server), people, sinkTools(), signal);
  assert.is(erased, 450);
  assert.is(server.hits.length, 3);
  assert.match(steps.join(), /reports that were made before keep their sums/);
  assert.is((await eraseFrom(config(server), people, sinkTools(), signal)).erased, 0, 'again is no different');
});

test('a token that may not delete is said with the step that can; a server that is away is tried again', async ({
  server,
}) => {
  await track(server, ada, 2);
  server.isAdmin = false;
  const { erased, steps = [] } = await eraseFrom(config(server), people, sinkTools(), signal);
  assert.is(erased, 0);
  assert.match(steps[0] ?? '', /requires an 'admin' access.*role admin of the website/);
  assert.is(server.hits.length, 2);
  server.always = { status: 503, body: '' };
  assert.instance(await thrown(eraseFrom(config(server), people, sinkTools(), signal)), TransientError);
  server.always = { status: 404, body: 'nothing here' };
  assert.instance(await thrown(eraseFrom(config(server), people, sinkTools(), signal)), SetupError);
  server.always = { status: 200, body: '<html>' };
  assert.instance(await thrown(eraseFrom(config(server), people, sinkTools(), signal)), TransientError);
});

test('visits that stay, whatever the answer is, are tried again later, and not without end', async ({ server }) => {
  await track(server, ada, 2);
  for (const answer of [[], { log_visit: 0 }, { log_visit: '0' }, { log_visit: 2, log_link_visit_action: 2 }]) {
    server.deletes = answer;
    const error = await thrown(eraseFrom(config(server), people, sinkTools(), signal));
    assert.instance(error, TransientError, JSON.stringify(answer));
    assert.match(error.message, 'did not delete them');
  }
  assert.is(server.hits.length, 2);
});

test.run();
