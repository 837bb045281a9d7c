// Everything that must hold before a change lands: sets up the test servers that this machine lacks, then format and lint, types and
// build, dead code, imports, generated files, the OpenAPI document, and every test with nothing skipped.
// Each step is a line with its time; the last line is `N passed, N failed` (steps and tests together).
//
//   node scripts/verify.mjs [--node24]     --node24: also the tests that need no server, on Node 24 (fetched from npm once)
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { node24 } from './test/node24.mjs';

const { values: options } = parseArgs({ options: { node24: { type: 'boolean', default: false } } });
const node = process.execPath;
const biome = 'node_modules/@biomejs/biome/bin/biome';

let passed = 0;
let failed = 0;

await step('test servers', node, ['scripts/setup-servers.mjs']);
await step('format and lint', node, [biome, 'ci', '--colors=off', '.']);
const built = await step('types and build', node, ['scripts/build.mjs']);
await step('dead code', node, ['node_modules/knip/bin/knip.js', '--no-progress']);
await step('generated files', node, ['scripts/generate.mjs', '--check']);
if (built) await tests('tests', node, ['--nothing-skipped']);
if (built && options.node24) await testsOnNode24();

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Silent when it goes well. */
async function step(name, command, args) {
  const { status, output, seconds } = await run(command, args);
  const ok = status === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}  ${seconds}`);
  if (!ok) console.log(output.trimEnd().replaceAll(/^/gm, '     | '));
  if (ok) passed += 1;
  else failed += 1;
  return ok;
}

/** Shows every line as it comes, and takes over the totals of the last one. */
async function tests(name, command, args) {
  const { status, output, seconds } = await run(command, ['scripts/test.mjs', ...args], true);
  const totals = /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/.exec(output.trimEnd().split('\n').at(-1) ?? '');
  passed += Number(totals?.[1] ?? 0);
  failed += Number(totals?.[2] ?? 0);
  if (status !== 0 && !Number(totals?.[2])) failed += 1;
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}  ${seconds}`);
}

async function testsOnNode24() {
  const name = 'tests on Node 24';
  try {
    const without = ['integration/', 'chaos/', 'servers/', 'scripts/'].flatMap(text => ['--without', `${text}`]);
    await tests(name, node24(), without);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.message}`);
  }
}

function run(command, args, show = false) {
  const started = Date.now();
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', chunk => {
        output += chunk;
        if (show) process.stdout.write(chunk);
      });
    }
    child.on('error', error => {
      output += error.message;
    });
    child.on('close', status => {
      resolve({ status, output, seconds: `${((Date.now() - started) / 1000).toFixed(1)} s` });
    });
  });
}
