// Everything that must hold before a change lands: sets up the test servers that this machine lacks, then what `npm run
// check` does, with every test, nothing skipped. Each step is a line with its time; the last line is `N passed, N
// failed` (steps and tests together).
//
//   node scripts/verify.mjs [--node24]     --node24: also the tests that need no server, on Node 24 (fetched from npm
//   once)
import { parseArgs } from 'node:util';
import { checks } from './checks.mjs';
import { end, failure, step, tests } from './steps.mjs';
import { node24 } from './test/node24.mjs';

const { values: options } = parseArgs({ options: { node24: { type: 'boolean', default: false } } });
const node = process.execPath;

await step({ name: 'test servers', command: [node, 'scripts/setup-servers.mjs'] });
let built = true;
for (const check of checks.filter(({ command }) => command !== undefined)) {
  const ok = await step(check);
  if (check.name === 'types and build') built = ok;
}
if (built) await tests('tests', [node, 'scripts/test.mjs', '--nothing-skipped']);
if (built && options.node24) await testsOnNode24();
end();

async function testsOnNode24() {
  const name = 'tests on Node 24';
  try {
    // The image has a Node of its own, and the page runs in the browser: its routes are among http/.
    const names = ['integration/', 'chaos/', 'servers/', 'scripts/', 'deploy/image', 'test/page/'];
    const without = names.flatMap(text => ['--without', text]);
    await tests(name, [node24(), 'scripts/test.mjs', ...without]);
  } catch (error) {
    failure(name, error.message);
  }
}
