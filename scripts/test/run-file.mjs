// One test file in a process of its own, with a temporary folder of its own; what it leaves behind is a problem.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidsMarked } from './marked.mjs';

/** A process that ends takes a moment, more of it on a busy machine. */
const graceMs = 3_000;
const running = new Set();
const counting = new URL('./count-assertions.mjs', import.meta.url).href;
let count = 0;

/** Kills every test process that is under way, and what it started. */
export function stopRunning() {
  for (const test of running) {
    for (const pid of pidsMarked(test.mark)) kill(pid);
    rmSync(test.folder, { recursive: true, force: true, maxRetries: 12, retryDelay: 100 });
  }
}

/**
 * @returns {Promise<{passed: number, total: number, skips: string[], problems: string[], output: string, ms: number}>}
 */
export async function runFile(path, { timeout, linger, env }) {
  // A process that became a daemon has left the group but has kept the environment, so the mark finds it; `/` ends the
  // mark because a test may run this runner again, and its processes are ours as well.
  const mark = `EVENT_SINK_TEST=${process.env.EVENT_SINK_TEST ?? ''}${process.pid}-${++count}/`;
  const folder = mkdtempSync(join(tmpdir(), 'event-sink-test-'));
  // Servers that a test starts as another user must be able to reach their folders.
  chmodSync(folder, 0o755);
  const test = { mark, folder };
  running.add(test);
  const started = Date.now();
  const { code, output, problems } = await execute(path, test, { timeout, linger, env });
  const ms = Date.now() - started;

  for (const left of await leftProcesses(mark)) problems.push(`left a process behind: ${left}`);
  const leftFiles = readdirSync(folder);
  if (leftFiles.length > 0 && problems.length === 0) problems.push(`left files behind: ${leftFiles.join(', ')}`);
  rmSync(folder, { recursive: true, force: true, maxRetries: 12, retryDelay: 100 });
  running.delete(test);

  const total = lastNumber(output, 'Total');
  const passed = lastNumber(output, 'Passed') ?? 0;
  const skips = [...output.matchAll(/^SKIP (.+)$/gm)].map(match => match[1]);
  const skippedTests = lastNumber(output, 'Skipped') ?? 0;
  if (skippedTests > 0) skips.push(`${skippedTests} tests by test.skip or test.only`);
  if (code !== 0 && problems.length === 0 && passed === total) problems.push(`ended with ${code}`);
  const skippedWhole = code === 0 && skips.length > 0 && !total;
  if (total === undefined && !skippedWhole) problems.push('ended before its tests did');
  if (total === 0 && !skippedWhole) problems.push('ran no test: is test.run() missing?');
  return { passed, total: total ?? 0, skips, problems, output, ms };
}

function execute(path, test, { timeout, linger, env }) {
  return new Promise(resolve => {
    const problems = [];
    let output = '';
    let lingering;
    const { FORCE_COLOR: _, ...inherited } = process.env;
    const child = spawn(process.execPath, ['--enable-source-maps', '--import', counting, path], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: {
        ...inherited,
        ...env,
        NO_COLOR: '1',
        // It would lie in the temporary folder.
        NODE_DISABLE_COMPILE_CACHE: '1',
        TMPDIR: test.folder,
        EVENT_SINK_TEST: test.mark.split('=')[1],
      },
    });
    const stop = problem => {
      problems.push(problem);
      kill(-child.pid);
      for (const pid of pidsMarked(test.mark)) kill(pid);
    };
    const deadline = setTimeout(stop, timeout * 1000, `took longer than ${timeout} s`);
    const collect = chunk => {
      output += chunk;
      if (lingering === undefined && /^ {2}Duration: /m.test(output)) {
        lingering = setTimeout(
          stop,
          linger * 1000,
          `was still alive ${linger} s after its last test: a handle is open`,
        );
      }
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    // A process left behind may hold the pipes open: the end of this one counts, not the end of its output.
    child.on('exit', async (code, signal) => {
      clearTimeout(deadline);
      await Promise.race([new Promise(ended => child.once('close', ended)), sleep(2000, undefined, { ref: false })]);
      clearTimeout(lingering);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code: code ?? signal, output, problems });
    });
  });
}

/** Those that are still there after some grace, killed. */
async function leftProcesses(mark) {
  let left = pidsMarked(mark);
  for (let waited = 0; left.length > 0 && waited < graceMs; waited += 50) {
    await sleep(50);
    left = pidsMarked(mark);
  }
  return left.map(pid => {
    kill(pid);
    return pid;
  });
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function lastNumber(output, word) {
  const found = [...output.matchAll(new RegExp(`^ {2}${word}: +(\\d+)`, 'gm'))].at(-1);
  return found && Number(found[1]);
}
