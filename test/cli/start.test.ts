import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon, StartDaemon } from '../../src/cli/command.js';
import { SetupError } from '../../src/errors.js';
import { invoke } from './invoke.js';

const test = suite<{ dir: string; env: Record<string, string> }>('start');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-start-'));
  context.env = { DATA_DIR: context.dir, LOG_LEVEL: 'silent' };
});
test.after.each(context => rmSync(context.dir, { recursive: true }));

const never = new Promise<never>(() => {});
const daemon = (part: Partial<Daemon> = {}): Daemon => ({
  address: 'http://127.0.0.1:1',
  stop: async () => {},
  stopNow: () => {},
  reload: () => {},
  ended: never,
  ...part,
});

test('a signal stops the daemon in order', async ({ env }) => {
  const signals = new EventEmitter();
  let stopped = 0;
  const startDaemon: StartDaemon = async ({ settings, keys }) => {
    assert.is(settings.config.server.port, 8080);
    assert.is(keys.find('x'), undefined);
    setImmediate(() => signals.emit('SIGTERM'));
    return daemon({ stop: async () => void stopped++ });
  };
  const { code } = await invoke([], { env, signals, startDaemon });
  assert.is(code, 0);
  assert.is(stopped, 1);
  assert.equal(signals.eventNames(), []);
});

test('a signal while starting is kept', async ({ env }) => {
  const signals = new EventEmitter();
  const { code } = await invoke(['start'], {
    env,
    signals,
    startDaemon: async () => {
      signals.emit('SIGINT');
      return daemon();
    },
  });
  assert.is(code, 0);
});

test('a daemon that gave up ends the process with its code', async ({ env }) => {
  const startDaemon: StartDaemon = async () => daemon({ ended: Promise.resolve({ code: 1 }) });
  assert.is((await invoke(['start'], { env, startDaemon })).code, 1);
});

test('what a person has to fix is reported in one line', async ({ env }) => {
  const startDaemon: StartDaemon = () => Promise.reject(new SetupError('another daemon uses DATA_DIR: stop it'));
  const { code, err } = await invoke(['start'], { env, startDaemon });
  assert.is(code, 1);
  assert.is(err, 'event-sink: another daemon uses DATA_DIR: stop it');
});

test('wrong settings end it with 2 and one report', async () => {
  const { code, err } = await invoke(['start'], { env: { PORT: 'x', HOST: '0.0.0.0', LOCAL_STORE: 'perhaps' } });
  assert.is(code, 2);
  assert.match(err, '3 settings are wrong');
});

test.run();
