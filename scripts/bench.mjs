// Runs the benchmarks, one after the other, and brings the table and the plot of bench/results up to date.
//
//   npm run bench [-- NAME...] [--quick] [--rows] [--draw]
//
// NAME: a program of bench/ (http, rabbitmq, memory, …); without one, all of them. --quick: shorter runs, rougher
// figures, and the results are only shown. --rows: the same for the programs that say how fast it is and how large, and
// at the end one table of all their rows. --draw: no runs, only the table and the plot again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inWords, isMet } from '../dist/bench/measure/report.js';
import { plot } from './bench/plot.mjs';
import { table } from './bench/table.mjs';

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
  },
});
const file = 'bench/results/results.json';
/** A calculation, a look at one table, and ten minutes of load: without targets. */
const apart = ['simulate', 'store', 'soak'];
/** What `--rows` runs. */
const fastAndSmall = ['http', 'rabbitmq', 'nginx-log', 'start', 'memory'];
/** Their arguments then: what no row is about is left out. */
const narrowed = { rabbitmq: ['influxdb', 'without-workers'] };
const quick = options.quick || options.rows;

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
const wanted = names.length > 0 ? names : options.rows ? fastAndSmall : all;
const failed = options.draw ? [] : wanted.filter(name => !run(name));
if (options.rows) printRows(wanted.filter(name => !failed.includes(name)));
if (!quick) {
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

function printRows(measured) {
  console.log();
  for (const row of measured.flatMap(name => results[name]?.rows ?? [])) {
    const { reached, target } = inWords(row);
    console.log(`${isMet(row) ? 'met    ' : 'not met'}  ${reached.padStart(18)}  ${target.padStart(18)}  ${row.what}`);
  }
}

/** In a process of its own; false when it failed. What it measured goes into the results. */
function run(name) {
  console.log(`\n=== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'event-sink-bench-'));
  const result = join(folder, 'result.json');
  const env = { ...process.env, BENCH_RESULT: result, ...(quick ? { BENCH_QUICK: '1' } : {}) };
  const args = options.rows ? (narrowed[name] ?? []) : [];
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', `dist/bench/${name}.js`, ...args], {
    stdio: 'inherit',
    env,
  });
  if (status === 0 && existsSync(result)) results[name] = JSON.parse(readFileSync(result, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}
