import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf, reasonOf } from '../../src/health/reasons.js';
import { portOf } from '../helpers/ports.js';
import { complete } from '../helpers/running.js';

const coded = (code: string, message = 'raw words') => Object.assign(new Error(message), { code });

test('known codes are put in words, others keep theirs', () => {
  assert.is(reasonOf(coded('ECONNREFUSED')), 'connection refused');
  assert.is(reasonOf(coded('EOTHER')), 'raw words (EOTHER)');
  assert.is(reasonOf(new Error('raw words')), 'raw words');
  assert.is(reasonOf('thrown text'), 'thrown text');
});

test('answers that are not HTTP, and failed handshakes, are named as such', () => {
  assert.is(reasonOf(coded('HPE_INVALID_CONSTANT', 'Expected HTTP/')), 'answer is not HTTP (Expected HTTP/)');
  assert.is(reasonOf(coded('ERR_SSL_TLSV1_ALERT')), 'TLS handshake failed (ERR_SSL_TLSV1_ALERT)');
  assert.is(
    reasonOf(coded('EPROTO', 'error:0A00010B:SSL routines::wrong version number')),
    'TLS handshake failed: the other side does not speak TLS',
  );
  assert.is(reasonOf(coded('EPROTO')), 'TLS handshake failed');
});

test('when no address of a name can be reached, the first one says why', () => {
  const errors = [coded('ECONNREFUSED'), coded('ENETUNREACH')];
  assert.is(reasonOf(Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' })), 'connection refused');
});

test('what went wrong here is kept apart from what went wrong there', () => {
  assert.equal(failureOf(coded('ECONNREFUSED')), { reason: 'connection refused' });
  assert.equal(failureOf(coded('EADDRNOTAVAIL')), {
    reason: 'not checked: this machine has no port, or no address, left to connect from',
    unknown: true,
  });
  const ambiguous = Object.assign(coded('EAI_AGAIN'), { hostname: 'www.example.org' });
  assert.is(failureOf(ambiguous).unresolvedName, 'www.example.org');
  assert.is(failureOf(coded('ENOTFOUND')).unknown, undefined);
});

/** A process that may open few files, takes all of them, and then checks a service that is well. */
const script = `
import { openSync } from 'node:fs';
import { runOnce } from ${JSON.stringify(new URL('../helpers/health.js', import.meta.url).href)};
const url = process.argv[1];
await runOnce('web=' + url);
try { for (;;) openSync('/dev/null'); } catch {}
const found = [];
for (const target of ['web=' + url, url.replace('http:', 'web=tcp:'), url.replace('http:', 'web=tls:')]) {
  const { finding, reason } = await runOnce(target);
  found.push([finding, reason]);
}
process.stdout.write(JSON.stringify(found));
`;

test('a process without a file left blames no service', async () => {
  const server = createServer((_request, response) => response.end('well'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const node = [process.execPath, '--input-type=module', '--eval', script, `http://127.0.0.1:${portOf(server)}`];
  const output = await complete('sh', ['-c', 'ulimit -n 120 && exec "$@"', 'sh', ...node]);
  server.closeAllConnections();
  await new Promise(closed => server.close(closed));
  const words = 'not checked: this daemon has too many files and connections open';
  assert.equal(JSON.parse(output), [
    ['unknown', words],
    ['unknown', words],
    ['unknown', words],
  ]);
});

test.run();
