// waits: mostly
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { Running } from '../../helpers/running.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';

/** The driver's own default, no limit, and a long one, with no MongoDB there: all are held to 15 s. */
const uri = `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=30000&connectTimeoutMS=0&waitQueueTimeoutMS=600000`;
const env = { MONGODB_URI: uri, LOCAL_STORE: 'off' };

test('check waits for what the driver has to say', async () => {
  const folder = temporaryFolder();
  try {
    const check = new Running(process.execPath, ['dist/src/main.js', 'check'], {
      env: { ...env, PORT: '0', DATA_DIR: folder.path },
    });
    assert.is((await check.exited).code, 1);
    assert.match(check.output, 'MONGODB_URI: MongoDB: no server to write to can be reached: connect ECONNREFUSED');
  } finally {
    folder.remove();
  }
});

test('the daemon starts, and its end has patience with a driver that looks for a server, but no more than it was given', async () => {
  const daemon = new TestDaemon({ env: { ...env, SHUTDOWN_SECONDS: '3' } });
  try {
    await daemon.start();
    assert.is((await daemon.post([{ category: 'kept' }])).status, 202);
    await until(async () => {
      const { sinks } = await daemon.json('/v1/status');
      return sinks.some(({ pending }) => pending === 1);
    }, 'an event that waits');
    const began = performance.now();
    await daemon.kill('SIGTERM');
    assert.ok(performance.now() - began < 25_000, `${performance.now() - began} ms`);
  } finally {
    await daemon.remove();
  }
});

test('a time-out that is not a number is refused at the start', async () => {
  const daemon = new TestDaemon({ env: { MONGODB_URI: uri.replace('30000', '30s') } });
  try {
    await daemon.launch();
    assert.is(await daemon.ended(), 2);
    assert.match(daemon.output, 'MONGODB_URI: must have its serverSelectionTimeoutMS in whole ms');
  } finally {
    await daemon.remove();
  }
});

test.run();
