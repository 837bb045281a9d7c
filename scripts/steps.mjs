// Steps one after the other, each a line with its time; the totals stand on the last line.
import { spawn } from 'node:child_process';

let passed = 0;
let failed = 0;
/** What failed, named again at the end: a long output is often read from there. */
const failures = [];

/**
 * Silent when it goes well; otherwise its output, why the step is there, and what
 * repairs it. @returns whether it went well
 */
export async function step({ name, why, fix, command }) {
  const { status, output, seconds } = await run(command);
  const ok = status === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}  ${seconds}`);
  if (ok) passed += 1;
  else {
    failed += 1;
    failures.push(name);
  }
  if (ok) return true;
  console.log(output.trimEnd().replaceAll(/^/gm, '     | '));
  if (why !== undefined) console.log(`     Why: ${why}`);
  if (fix !== undefined) console.log(`     To fix it: ${fix}`);
  return false;
}

/** Shows every line as it comes, or those of files that fail alone, and takes over the totals of the last one. */
export async function tests(name, command, { failuresOnly = false } = {}) {
  const { status, output, seconds } = await run(command, line => !failuresOnly || !line.startsWith('ok   '));
  const totals = /^(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/.exec(output.trimEnd().split('\n').at(-1) ?? '');
  passed += Number(totals?.[1] ?? 0);
  failed += Number(totals?.[2] ?? 0);
  if (status !== 0 && !Number(totals?.[2])) failed += 1;
  const named = output.split('\n').filter(line => /^FAIL | {4}FAIL /.test(line));
  if (status !== 0) failures.push(...(named.length > 0 ? named.map(line => `${name}: ${brief(line)}`) : [name]));
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}  ${seconds}`);
}

/** For a step that cannot even begin. */
export function failure(name, message) {
  failed += 1;
  failures.push(name);
  console.log(`FAIL ${name}\n${message}`);
}

function brief(line) {
  return line.replace(/^.*?FAIL +/, '').slice(0, 200);
}

export function end() {
  for (const one of failures) console.log(`failed: ${one}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function run([program, ...args], shows = () => false) {
  const started = Date.now();
  return new Promise(resolve => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      let line = '';
      stream.setEncoding('utf8').on('data', chunk => {
        output += chunk;
        const lines = (line + chunk).split('\n');
        line = lines.pop();
        for (const whole of lines) if (shows(whole)) console.log(whole);
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
