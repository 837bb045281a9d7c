import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pingRun, readPing } from '../../../src/health/probes/ping.js';
import { sampled } from '../../../src/health/sample.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { freePort, portOf } from '../../helpers/ports.js';
import { findProgram } from '../../helpers/running.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { look } from './looking.js';

const test = suite('targets of other kinds');
watchLeaks(test);

const never = new AbortController().signal;

async function listening(): Promise<Server> {
  const server = createServer(socket => socket.on('error', () => {}).end());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('tcp: a port that takes connections is up, one that does not is down', async () => {
  const server = await listening();
  const { finding, times } = await look(`db=tcp://127.0.0.1:${portOf(server)}`);
  assert.is(finding, 'up');
  assert.ok((times?.average ?? 0) > 0);
  await new Promise(closed => server.close(closed));
  assert.is((await look(`db=tcp://127.0.0.1:${await freePort()}`)).reason, 'connection refused');
  assert.match((await look('db=tcp://name.invalid:5432')).reason ?? '', /^DNS failure/);
});

test('queue: its messages and consumers are read; limits may be expected of them', async () => {
  const inspect = async (queue: string) =>
    queue === 'ncsa.image.preview' ? { messages: 12, consumers: 0 } : undefined;
  const found = await look('q=queue:ncsa.image.preview', inspect);
  assert.equal([found.finding, found.readings], ['up', { queue_length: 12, consumers: 0 }]);
  assert.is((await look('q=queue:error.none', inspect)).reason, 'there is no queue error.none');
  const url = 'queue:ncsa.image.preview';
  const full = await look({ name: 'q', url, expect: { messages: 10 } }, inspect);
  assert.equal([full.finding, full.reason], ['down', '12 messages wait, more than 10']);
  assert.is((await look({ name: 'q', url, expect: { consumers: 1 } }, inspect)).reason, '0 consumers, fewer than 1');
});

test('queue: a broker that fails, or does not answer, is down', async () => {
  const failing = await look('q=queue:a', async () => {
    throw new Error('not connected');
  });
  assert.equal([failing.finding, failing.reason], ['down', 'the broker does not tell: not connected']);
  const silent = await look({ name: 'q', url: 'queue:a', timeout: 0.05 }, () => new Promise(() => {}));
  assert.is(silent.reason, 'no answer within 0.05 s');
});

test('file: what is written is read back, and nothing is left', async () => {
  const folder = temporaryFolder();
  const own = join(folder.path, 'mine.txt');
  writeFileSync(own, 'not to be touched');
  for (const path of [folder.path, own, join(folder.path, 'new')]) {
    const { finding, reason, times } = await look(`disk=file:${path}`);
    assert.equal([finding, reason], ['up', undefined]);
    assert.ok((times?.average ?? 0) > 0);
  }
  assert.equal(readdirSync(folder.path), ['mine.txt']);
  assert.is((await look(`disk=file:${folder.path}/none/at/all`)).reason, 'no such file or folder');
  assert.is((await look(`disk=file:${own}/below`)).reason, 'a part of the path is no folder');
  folder.remove();
});

test('ping: answers are counted and timed; iputils and BusyBox', () => {
  const iputils = `PING gateway.example.org (192.0.2.1) 56(84) bytes of data.

--- 192.0.2.1 ping statistics ---
5 packets transmitted, 4 received, 20% packet loss, time 4006ms
rtt min/avg/max/mdev = 0.019/0.029/0.040/0.010 ms
`;
  const common = { error: null, stderr: '', samples: 5, timeout: 5_000 };
  assert.equal(readPing({ ...common, stdout: iputils }), {
    sent: 5,
    good: 4,
    times: { average: 0.000029, min: 0.000019, max: 0.00004 },
    readings: {},
    reason: '1 of 5 pings without an answer',
  });
  const busybox = `--- 127.0.0.1 ping statistics ---
3 packets transmitted, 3 packets received, 0% packet loss
round-trip min/avg/max = 0.092/0.128/0.187 ms
`;
  const { good, times, reason } = readPing({ ...common, stdout: busybox });
  assert.equal([good, times?.average, reason], [3, 0.000128, undefined]);
  const none = '5 packets transmitted, 0 received, +5 errors, 100% packet loss, time 4000ms\n';
  assert.equal(readPing({ ...common, stdout: none }).good, 0);
});

test('ping: what keeps it from being sent is named, and a DNS failure is one', async () => {
  const folder = temporaryFolder();
  const script = (lines: string): string => {
    const path = join(folder.path, 'ping');
    writeFileSync(path, `#!/bin/sh\n${lines}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const reason = async (program: string, timeoutMs = 5_000) =>
    (await pingRun({ kind: 'ping', host: 'gateway' }, { samples: 1, timeoutMs, program })(never)).reason;
  const unknown = script('echo "ping: gateway: Name or service not known" >&2; exit 2');
  assert.is(await reason(unknown), 'DNS failure: gateway: Name or service not known');
  assert.match(
    (await reason(join(folder.path, 'none'))) ?? '',
    'the program ping is not installed here (Debian: apt-get install iputils-ping)',
  );
  assert.is(
    await reason(script('echo "ping: socket: Operation not permitted" >&2; exit 2')),
    'socket: Operation not permitted',
  );
  assert.is(await reason(script('exec sleep 60'), 100), 'ping did not end within 1.5 s');
  const given = script('printf "%s " "$@" >&2; exit 2');
  assert.is(await reason(given), '-n -c 1 -W 5 gateway');
  folder.remove();
});

test('ping: the real one, where it is installed and allowed', async () => {
  if (findProgram('ping') === undefined) return;
  const { finding, reason, times } = await look({ name: 'p', url: 'ping:127.0.0.1', samples: 1 });
  if (/permitted/.test(reason ?? '')) return;
  assert.equal([finding, reason], ['up', undefined]);
  assert.ok((times?.average ?? 0) > 0);
  assert.match((await look({ name: 'p', url: 'ping:name.invalid', samples: 1 })).reason ?? '', /^DNS failure/);
});

test('a probe that does not heed its timeout is left behind', async () => {
  const run = sampled(() => new Promise(() => {}), { samples: 2, timeoutMs: 10 });
  const { sent, good, reason } = await run(never);
  assert.equal([sent, good, reason], [2, 0, 'no answer within 0.01 s']);
});

test('a run that is to stop does not go on to the next sample', async () => {
  const stopping = new AbortController();
  let looks = 0;
  const run = sampled(
    async () => {
      looks += 1;
      stopping.abort();
      return { reason: undefined };
    },
    { samples: 5, timeoutMs: 1_000 },
  );
  await run(stopping.signal);
  assert.is(looks, 1);
});

test.run();
