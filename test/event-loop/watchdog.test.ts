// waits: mostly
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { notifyIntervalMs } from '../../src/event-loop/watchdog.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

// timeout: 180 s

const program = new URL('./blocking-daemon.js', import.meta.url).pathname;
const headers = { 'x-api-key': 'daemon-test-key', 'content-type': 'application/json' };

/** What the process has said so far, line by line. */
class Running {
  readonly child: ChildProcess;
  output = '';

  constructor(dir: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [program, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
  }

  async address(): Promise<string> {
    await until(() => /^address \S+$/m.test(this.output), 'the daemon', 60_000);
    return /^address (\S+)$/m.exec(this.output)?.[1] ?? '';
  }

  lines(name: string): Record<string, unknown>[] {
    return this.output
      .split('\n')
      .filter(line => line.startsWith('{') && line.endsWith('}'))
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === name);
  }

  /** What is said of a stall in a write: on a busy machine the start may stall, too. */
  stalled(): string | undefined {
    return this.lines('event-loop.stalled')
      .map(({ reason }) => String(reason))
      .find(reason => reason.includes('sink scripted'));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }
}

const post = (address: string, events: readonly object[]): Promise<Response> =>
  fetch(`${address}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) });

test('an event that stops the event loop for ever is set aside after three deaths, and the others arrive', async () => {
  const folder = temporaryFolder();
  const events = ['a', 'b', 'c', 'd'].map(id => ({ id, category: 'x', ...(id === 'c' ? { block: 'for ever' } : {}) }));
  let daemon = new Running(folder.path);
  const address = await daemon.address();
  assert.is((await post(address, events)).status, 202);
  for (let death = 1; death <= 3; death += 1) {
    const stalled = await until(() => daemon.stalled(), 'a stall', 60_000);
    assert.match(stalled, /^the event loop has stood for 1 s; at work: sink scripted, event /);
    if (death > 1) assert.match(stalled, /sink scripted, event c$/);
    // The watchdog says where, though the main thread does not answer. On a busy machine the start may have stood, too.
    const places = (): string => JSON.stringify(daemon.lines('event-loop.stands'));
    await until(() => places().includes('blocking-daemon.ts'), 'where it stands', 60_000);
    await daemon.end('SIGKILL');
    assert.ok(existsSync(join(folder.path, 'stall.json')));
    daemon = new Running(folder.path);
    await daemon.address();
    await until(() => daemon.lines('event-loop.ended').length === 1, 'how the one before ended');
    // The next note is not written before its stall is said.
    const noted = existsSync(join(folder.path, 'stall.json'));
    await until(() => !noted || daemon.lines('event-loop.stalled').length > 0, 'the reason of a note');
  }
  await until(
    () =>
      ['a', 'b', 'd'].every(id => daemon.output.includes(`delivered ${id}\n`)) ||
      daemon.lines('event.rejected').length > 0,
    'the others',
    60_000,
  );
  const last = await daemon.address();
  await until(
    async () => {
      const { dead_letters } = (await (await fetch(`${last}/v1/dead-letters?sink=scripted`, { headers })).json()) as {
        dead_letters: { id: string; fault: string; reason: string }[];
      };
      assert.ok(dead_letters.length <= 1, JSON.stringify(dead_letters));
      const [one] = dead_letters;
      if (one === undefined) return false;
      assert.is(one.id, 'c');
      assert.is(one.fault, 'bug');
      assert.match(one.reason, /event loop of the daemon stood still each of 3 times/);
      return true;
    },
    'the daemon',
    60_000,
  );
  // It is over: what comes next is delivered.
  assert.is((await post(last, [{ id: 'e', category: 'x' }])).status, 202);
  await until(() => daemon.output.includes('delivered e\n'), 'the daemon', 60_000);
  await daemon.end('SIGTERM');
  folder.remove();
});

test('a stall that ends is logged, counted and a problem for a while', async () => {
  const folder = temporaryFolder();
  const daemon = new Running(folder.path);
  const address = await daemon.address();
  assert.is((await post(address, [{ id: 'slow', category: 'x', block: 4000 }])).status, 202);
  await until(() => daemon.output.includes('delivered slow\n'), 'the daemon', 60_000);
  const resumed = (): unknown[] => daemon.lines('event-loop.resumed').map(({ reason }) => reason);
  // Logged a moment after the event is delivered.
  await until(() => resumed().includes('at work: sink scripted, event slow'), 'the line of its end');
  const metrics = await (await fetch(`${address}/metrics`, { headers })).text();
  assert.match(metrics, /^event_sink_event_loop_stalls_total [1-9]/m);
  assert.match(metrics, /^event_sink_event_loop_longest_stall_seconds [1-9]/m);
  const { problems } = (await (await fetch(`${address}/v1/status`, { headers })).json()) as {
    problems: { what: string }[];
  };
  assert.match(
    problems[0]?.what ?? '',
    /^The whole daemon stood still for \S+ s; at work: sink scripted, event slow\./,
  );
  await until(() => !existsSync(join(folder.path, 'stall.json')), 'the daemon');
  await daemon.end('SIGTERM');
  folder.remove();
});

test('systemd hears of it while the event loop turns, and no longer when it stands', async () => {
  const folder = temporaryFolder();
  const heard = join(folder.path, 'heard');
  const notify = join(folder.path, 'systemd-notify');
  writeFileSync(notify, `#!/bin/sh\necho "$@" >> '${heard}'\n`);
  chmodSync(notify, 0o755);
  const times = (): number => (existsSync(heard) ? readFileSync(heard, 'utf8').split('\n').length - 1 : 0);
  const daemon = new Running(folder.path, { PATH: `${folder.path}:${process.env.PATH}`, NOTIFY_MS: '200' });
  const address = await daemon.address();
  await until(() => times() >= 3, 'the daemon', 60_000);
  assert.match(readFileSync(heard, 'utf8'), /^(?:WATCHDOG=1\n)+$/);
  await post(address, [{ id: 'slow', category: 'x', block: 'for ever' }]);
  await until(() => daemon.stalled(), 'a stall', 60_000);
  // What was begun before it stood may still be writing.
  const silent = async (): Promise<boolean> => {
    const before = times();
    await new Promise(resolve => setTimeout(resolve, 1_000));
    return times() === before;
  };
  assert.ok(await until(silent, 'silence'));
  await daemon.end('SIGKILL');
  folder.remove();
});

test('systemd is notified three times as often as it asks for, and only where it asks this process', () => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '60000000' };
  assert.is(notifyIntervalMs(env, 7), 20_000);
  assert.is(notifyIntervalMs({ ...env, WATCHDOG_PID: '7' }, 7), 20_000);
  assert.is(notifyIntervalMs({ ...env, WATCHDOG_PID: '8' }, 7), undefined);
  assert.is(notifyIntervalMs({ WATCHDOG_USEC: '60000000' }, 7), undefined);
  assert.is(notifyIntervalMs({ NOTIFY_SOCKET: '/x' }, 7), undefined);
});

test.run();
