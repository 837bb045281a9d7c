// The proofs in full, each of which takes over a minute: faults, hostile input, kills, outages. The tests do about a
// fiftieth of each. Every part prints as it goes; at the end stand the closing lines of all, and `N passed, N failed`.
//
//   npm run proof -- [PART...] [--share N]     --share: an N-th of it
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { share: { type: 'string', default: '1' } },
});
const share = Number(values.share);
const part = count => String(Math.max(1, Math.round(count / share)));

const brokers = ['embedded', 'rabbitmq'];
const parts = {
  equal: brokers.map(broker => ['scripts/equal-events.mjs', '--broker', broker, '--events', part(100_000)]),
  chaos: brokers.map(broker => ['scripts/chaos.mjs', '--broker', broker, '--runs', part(10), '--minutes', '1']),
  fuzz: [['scripts/fuzz.mjs', '--inputs', part(300_000)]],
  kills: [['scripts/test.mjs', 'chaos/kill', '--jobs', '1', '--timeout', '7200']],
  drain: [['scripts/test.mjs', 'integration/rabbitmq/daemon', '--jobs', '1', '--timeout', '7200']],
  'known-traffic': [['scripts/test.mjs', 'usage/known-traffic', '--jobs', '1', '--timeout', '1200']],
  usage: [['scripts/test.mjs', 'chaos/usage-kill', '--jobs', '1', '--timeout', '1800']],
  notify: [['scripts/test.mjs', 'chaos/notify-kill', '--jobs', '1', '--timeout', '3600']],
  sinks: [['scripts/test.mjs', 'chaos/sinks-kill', '--jobs', '1', '--timeout', '3600']],
  page: [['scripts/test.mjs', 'browser/amplitude-sdk', '--jobs', '1', '--timeout', '600']],
  archive: [['scripts/test.mjs', 'chaos/archive-kill', '--jobs', '1', '--timeout', '3600']],
  redrive: [['scripts/test.mjs', 'integration/redrive-behind', '--jobs', '1', '--timeout', '3600']],
  reload: [['scripts/test.mjs', 'chaos/reload', '--jobs', '1', '--timeout', '3600']],
  erasure: [['scripts/test.mjs', 'erasure/erasures', '--jobs', '1', '--timeout', '1800']],
  outages: [['scripts/test.mjs', 'chaos/outage', '--jobs', '1', '--timeout', '7200']],
};
/** For the tests that can be made longer. */
const env = {
  ...process.env,
  KILL_ROUNDS: part(1_000),
  DRAIN_KILLS: part(300),
  USAGE_KILLS: part(30),
  KNOWN_REQUESTS: part(20_000),
  NOTIFY_ROUNDS: part(50),
  SINK_EVENTS: part(10_000),
  ARCHIVE_BROKERS: brokers.join(','),
  ARCHIVE_EVENTS: part(10_000),
  ARCHIVE_KILLS: part(20),
  REDRIVE_EVENTS: part(100_000),
  RELOAD_ROUNDS: part(100),
  ERASURE_KILLS: part(30),
  OUTAGE_SECONDS: part(200),
  PAGE_OUTAGE_SECONDS: part(60),
};

const unknown = positionals.filter(name => !Object.hasOwn(parts, name));
if (unknown.length > 0 || !(share >= 1)) {
  console.log(`npm run proof -- [PART...] [--share N]\n\nPARTs: ${Object.keys(parts).join(', ')} (default: all).`);
  process.exit(2);
}

const closing = [];
let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  for (const command of parts[name]) {
    const { status, lastLine, seconds } = await run(command);
    if (status !== 0) failed += 1;
    closing.push(`${status === 0 ? 'ok  ' : 'FAIL'} ${command.join(' ')}  ${seconds} s: ${lastLine}`);
  }
}
console.log(`\n${closing.join('\n')}\n${closing.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(args) {
  console.log(`\n${args.join(' ')}`);
  const began = Date.now();
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    let tail = '';
    child.stdout.setEncoding('utf8').on('data', chunk => {
      process.stdout.write(chunk);
      tail = (tail + chunk).slice(-4_000);
    });
    child.on('close', status => {
      const lastLine = tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
      resolve({ status, lastLine, seconds: Math.round((Date.now() - began) / 1000) });
    });
  });
}
