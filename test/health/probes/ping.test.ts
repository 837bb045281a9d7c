import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pingRun, readPing } from '../../../src/health/probes/ping.js';
import { parsed, targetOf } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const test = suite('ping probe');
watchLeaks(test);

const never = new AbortController().signal;

test('an address is a host or an IP address, and five packets make a run', () => {
  const { check, address, samples } = targetOf('a=ping:gateway.example.org');
  assert.equal([check, address, samples], [{ host: 'gateway.example.org', expect: {} }, 'ping:gateway.example.org', 5]);
  assert.equal(targetOf('a=ping:2001:db8::1').check, { host: '2001:db8::1', expect: {} });
  assert.equal(parsed(['a=ping:-f']).problems, [
    'HEALTH_TARGETS: target "a" must name a host or an IP address, as ping:HOST',
  ]);
});

test('answers are counted and timed; iputils and BusyBox', () => {
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
    reason: '1 of 5 pings were not answered',
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

test('what keeps it from being sent is named, and a DNS failure is one', async () => {
  const folder = temporaryFolder();
  const script = (lines: string): string => {
    const path = join(folder.path, 'ping');
    writeFileSync(path, `#!/bin/sh\n${lines}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const reason = async (program: string, timeoutMs = 5_000) =>
    (await pingRun({ host: 'gateway' }, { samples: 1, timeoutMs }, program)(never)).reason;
  const unknown = script('echo "ping: gateway: Name or service not known" >&2; exit 2');
  assert.is(await reason(unknown), 'DNS failure: gateway: Name or service not known');
  assert.match(
    (await reason(join(folder.path, 'none'))) ?? '',
    'the program ping is not installed here (Debian: apt-get install iputils-ping)',
  );
  assert.is(
    await reason(script('echo "ping: socket: Operation not permitted" >&2; exit 2')),
    'not checked: this user may not send pings here',
  );
  assert.is(await reason(script('exec sleep 60'), 100), 'ping did not end within 1.5 s');
  const given = script('printf "%s " "$@" >&2; exit 2');
  assert.is(await reason(given), '-n -c 1 -W 5 gateway');
  folder.remove();
});

test.run();
