import { createServer, type Server } from 'node:http';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Client } from '../../src/cli/client.js';
import { fetchOver } from '../../src/outgoing.js';
import { hastyClock } from '../helpers/clock.js';
import { portOf } from '../helpers/ports.js';
import { thrown } from '../helpers/thrown.js';

/** In place of the five minutes after which the platform's `fetch` gives up, ms. */
const limitMs = 300;
/** Both look at their timers once a second. */
const answerMs = 3_000;

const test = suite<{ server: Server; url: string }>('an answer that takes longer than the platform waits');
const usual = getGlobalDispatcher();

test.before(async context => {
  setGlobalDispatcher(new Agent({ headersTimeout: limitMs, bodyTimeout: limitMs }));
  // Half of it at once on the one path, nothing on the other.
  context.server = createServer((incoming, response) => {
    const isPart = incoming.url === '/part';
    if (isPart) response.write('{"state":');
    setTimeout(() => response.end(isPart ? '"done"}' : '{"state":"done"}'), answerMs);
  });
  await new Promise<void>(resolve => context.server.listen(0, '127.0.0.1', resolve));
  context.url = `http://127.0.0.1:${portOf(context.server)}`;
});
test.after(async ({ server }) => {
  setGlobalDispatcher(usual);
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

for (const path of ['/nothing', '/part']) {
  test(`${path}: a long request waits for it, as long as its own limit says`, async ({ url }) => {
    const client = new Client({ url, key: undefined, clock: hastyClock() });
    const long = client.request({ method: 'GET', path, isLong: true, timeoutMs: 60_000 });
    const impatient = thrown(client.request({ method: 'GET', path, isLong: true, timeoutMs: 100 }));
    const platforms = thrown(fetch(url + path).then(response => response.text()));
    const limited = thrown(fetchOver({}, limitMs)(url + path).then(response => response.text()));
    assert.equal(await long, { state: 'done' });
    assert.match((await impatient).message, 'no answer from');
    for (const error of [await platforms, await limited]) assert.match(String(error.cause ?? error), /Timeout/);
  });
}

test.run();
