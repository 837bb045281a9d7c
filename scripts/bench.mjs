// Runs the benchmarks, one after the other, and brings the table and the plot of bench/results up to date.
//
//   npm run bench [-- NAME...] [--quick] [--draw]
//
// NAME: a program of bench/ (http, rabbitmq, memory, …); without one, all of them. --quick: shorter runs, rougher
// figures, and the results are only shown. --draw: no runs, only the table and the plot again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plot } from './bench/plot.mjs';
import { table } from './bench/table.mjs';

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, draw: { type: 'boolean', default: false } },
});
const file = 'bench/results/results.json';
/** A calculation, and a look at one table: without targets. */
const apart = ['simulate', 'store'];

const all = readdirSync('bench', { withFileTypes: true })
  .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
  .map(entry => entry.name.slice(0, -'.ts'.length))
  .filter(name => !apart.includes(name));
const unknown = names.filter(name => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  process.exit(2);
}

const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const failed = options.draw ? [] : (names.length > 0 ? names : all).filter(name => !run(name));
if (!options.quick) {
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => a.localeCompare(b)));
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  writeFileSync('bench/results/README.md', table(sorted));
  writeFileSync('bench/results/results.svg', plot(sorted));
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}

/** In a process of its own; false when it failed. What it measured goes into the results. */
function run(name) {
  console.log(`\n=== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'event-sink-bench-'));
  const result = join(folder, 'result.json');
  const env = { ...process.env, BENCH_RESULT: result, ...(options.quick ? { BENCH_QUICK: '1' } : {}) };
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', `dist/bench/${name}.js`], {
    stdio: 'inherit',
    env,
  });
  if (status === 0 && existsSync(result)) results[name] = JSON.parse(readFileSync(result, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}
