import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runOnce } from '../../helpers/health.js';
import { required, type Skip } from '../../helpers/skip.js';

/** The system's ping, where it is installed and this user may send packets. */
function systemPing(): object | Skip {
  try {
    execFileSync('ping', ['-n', '-c', '1', '-W', '5', '127.0.0.1'], { stdio: 'pipe' });
    return {};
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    return { skip: `ping cannot be used here: ${stderr?.toString().trim() || message}` };
  }
}

required('ping', systemPing());

test('a host that answers is up, with its times', async () => {
  const { finding, reason, times } = await runOnce({ name: 'p', url: 'ping:127.0.0.1', samples: 1 });
  assert.equal([finding, reason], ['up', undefined]);
  assert.ok((times?.average ?? 0) > 0);
});

test('a name that nobody knows is a DNS failure', async () => {
  assert.match((await runOnce({ name: 'p', url: 'ping:name.invalid', samples: 1 })).reason ?? '', /^DNS failure/);
});

test.run();
