// Runs the compiled tests (dist/test/**/*.test.js), one process a file, and cannot pass by accident:
// a file fails unless it ran at least one test, all of them passed, it ended by itself and left nothing behind.
//
//   node scripts/test.mjs [FILTER...] [--without TEXT] [--quick] [--nothing-skipped]
//     [--jobs N] [--timeout S] [--linger S]
//
// FILTER: only files whose path contains one of the texts. --without: not those (may be repeated).
// --quick: only files that import nothing which starts a server, a browser or a daemon, and ask for no time of their
// own.
// --timeout: seconds a file may take, at least; default 240, or twice what a comment in it says (`// timeout: 300 s`):
// the comment is for a machine that has nothing else to do.
// --jobs: files that run at the same time; default 2. A file that mostly waits, for what takes its time on the clock
// and not on the processor, says so (`// waits: mostly`): one of those runs beside the others.
// --linger: seconds a file may live after its last test (default 15): what keeps it alive is an open handle.
// A file says `SKIP what: why` (test/helpers/skip.ts) when it needs something that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseArgs } from 'node:util';
import { runFile, stopRunning } from './test/run-file.mjs';
import { sharedServers } from './test/shared-servers.mjs';

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    without: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    'nothing-skipped': { type: 'boolean', default: false },
    jobs: { type: 'string', default: process.env.TEST_JOBS ?? '2' },
    timeout: { type: 'string' },
    linger: { type: 'string', default: '15' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopRunning();
    process.exit(1);
  });
}

const slow =
  /from '(?:[./]+\/(?:helpers\/(?:servers|daemon|running)|chaos|supervisors\/(?:root|tree))\b|node:child_process')/;
/** A client from PyPI, out of reach of some machines, and a file that is not ours: tests may be skipped, by name. */
const mayBeMissing = /: (?:pyclowder|the receiver's schema of usage reports): /;
const files = testFiles();
const jobs = Math.max(1, Number(options.jobs));
const [busy, idle] = jobs === 1 ? [[...files], []] : [files.filter(file => !waits(file)), files.filter(waits)];
const shared = sharedServers();
const skips = [];
let passed = 0;
let failed = 0;

const workers = Array.from({ length: jobs }, () => work(() => busy.shift() ?? idle.shift()));
await Promise.all([...workers, work(() => idle.shift())]);
await shared.stop();

if (files.length === 0) {
  failed = 1;
  console.log(`No test file matches ${filters.join(', ') || 'dist/test/**/*.test.js'}.`);
}
for (const skip of skips) console.log(`skipped ${skip}`);
if (options['nothing-skipped']) failed += skips.filter(skip => !mayBeMissing.test(skip)).length;
console.log(`${passed} passed, ${failed} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;

async function work(next) {
  for (let file = next(); file !== undefined; file = next()) report(file, await run(file));
}

async function run(file) {
  const result = await runFile(file.path, {
    timeout: timeoutOf(file),
    linger: Number(options.linger),
    env: await shared.environment(file.source),
  });
  const forgotten = [...file.compiled.matchAll(/^(?:const|let) (\w+) = suite\(/gm)].map(match => match[1]);
  if (/^import \{[^}]*\btest\b[^}]*\} from 'uvu'/m.test(file.compiled)) forgotten.push('test');
  for (const name of forgotten) {
    if (!file.compiled.includes(`${name}.run(`)) result.problems.push(`${name}.run() is missing`);
  }
  return result;
}

function report(file, result) {
  const seconds = `${(result.ms / 1000).toFixed(1)} s`;
  const failures = Math.max(result.total - result.passed, result.problems.length > 0 ? 1 : 0);
  passed += result.passed;
  failed += failures;
  for (const skip of result.skips) skips.push(`${file.path}: ${skip}`);
  const counts = [`${result.passed} passed`];
  if (failures > 0) counts.push(`${failures} failed`);
  if (result.skips.length > 0) counts.push('skipped');
  console.log(`${failures > 0 ? 'FAIL' : 'ok  '} ${file.path}  ${counts.join(', ')}  ${seconds}`);
  if (failures === 0) return;
  for (const problem of result.problems) console.log(`     ${problem}`);
  console.log(result.output.trimEnd().replaceAll(/^/gm, '     | '));
}

/** Files that ask for a long time start first, so that none of them runs alone at the end. */
function testFiles() {
  if (!existsSync('dist/test')) return [];
  return readdirSync('dist/test', { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => `dist/test/${name}`)
    .filter(path => filters.length === 0 || filters.some(filter => path.includes(filter)))
    .filter(path => !options.without.some(text => path.includes(text)))
    .map(path => ({ path, source: read(path.slice(5).replace(/js$/, 'ts')), compiled: read(path) }))
    .filter(file => !options.quick || isQuick(file))
    .sort((a, b) => timeoutOf(b) - timeoutOf(a) || (a.path < b.path ? -1 : 1));
}

/** What takes long shows in what a file and its helpers import, so that nobody has to keep a list. */
function isQuick({ path, source }) {
  return !/\/(?:fuzz|servers)\//.test(path) && !/^\/\/ (?:timeout|shares): /m.test(source) && !isSlow(path);
}

function isSlow(path, seen = new Set()) {
  if (seen.has(path)) return false;
  seen.add(path);
  const compiled = read(path);
  const helpers = [...compiled.matchAll(/from '(\.[^']+)'/g)].map(match => posix.join(posix.dirname(path), match[1]));
  return slow.test(compiled) || helpers.some(helper => helper.startsWith('dist/test/') && isSlow(helper, seen));
}

function timeoutOf(file) {
  return Math.max((asked(file) ?? 120) * 2, Number(options.timeout ?? 0));
}

/** Seconds, where the file says. */
function asked(file) {
  const [, seconds] = /^\/\/ timeout: (\d+) s$/m.exec(file.source + file.compiled) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

function waits({ source }) {
  return /^\/\/ waits: mostly$/m.test(source);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
