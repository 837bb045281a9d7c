import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connectAttemptMs } from '../src/connect-attempts.js';

const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
const atExit = `import net from 'node:net';
process.on('exit', () => console.log('attempt', net.getDefaultAutoSelectFamilyAttemptTimeout()));`;

test('every command waits long enough for distant hosts', () => {
  const preload = `--import=data:text/javascript,${encodeURIComponent(atExit)}`;
  const output = execFileSync(process.execPath, [preload, main, '--version'], { encoding: 'utf8' });
  assert.match(output, `attempt ${connectAttemptMs}\n`);
  assert.ok(connectAttemptMs >= 1_000 + 400, 'a packet is sent again after 1 s, and then takes its time');
});

test.run();
