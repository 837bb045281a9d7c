import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const runner = resolve('scripts/test.mjs');
const uvu = `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
const good = `${uvu}test('one', () => assert.ok(true));\ntest('two', () => assert.not.equal(1, 2));\ntest.run();\n`;

const bad: Record<string, { text: string; says: string }> = {
  'failing-assertion': {
    text: `${uvu}test('no', () => assert.is(1, 2));\ntest.run();`,
    says: '0 passed, 1 failed',
  },
  'asserts-nothing': { text: `${uvu}test('no', async () => {});\ntest.run();`, says: 'the test asserted nothing' },
  'throw-at-import': { text: `${uvu}throw new Error('early');`, says: 'ended before its tests did' },
  'unhandled-rejection': {
    text: `${uvu}test('no', () => { Promise.reject(new Error('stray')); });\ntest('two', () => new Promise(done => setTimeout(done, 50)).then(() => assert.ok(true)));\ntest.run();`,
    says: 'ended before its tests did',
  },
  'late-throw': {
    text: `${uvu}test('no', () => { assert.ok(true); setTimeout(() => { throw new Error('late'); }, 50); });\ntest.run();`,
    says: 'ended with 1',
  },
  'never-resolves': { text: `${uvu}test('no', () => new Promise(() => {}));\ntest.run();`, says: 'ended before' },
  'process-exit': { text: `${uvu}test('no', () => process.exit(0));\ntest.run();`, says: 'ended before its tests did' },
  'never-resolves-alive': {
    text: `// timeout: 1 s\n${uvu}test('no', () => new Promise(() => setInterval(() => {}, 100)));\ntest.run();`,
    says: 'took longer than 2 s',
  },
  'server-left-open': {
    text: `import { createServer } from 'node:net';\n${uvu}test('no', () => { assert.ok(true); createServer().listen(0, '127.0.0.1'); });\ntest.run();`,
    says: 'a handle is open',
  },
  'before-throws': {
    text: `${uvu}test.before(() => { throw new Error('before'); });\ntest('no', () => assert.ok(true));\ntest.run();`,
    says: '0 passed, 1 failed',
  },
  'after-throws': {
    text: `${uvu}test.after(() => { throw new Error('after'); });\ntest('no', () => assert.ok(true));\ntest.run();`,
    says: 'ended before its tests did',
  },
  'after-each-throws': {
    text: `${uvu}test.after.each(() => { throw new Error('each'); });\ntest('no', () => assert.ok(true));\ntest.run();`,
    says: '0 passed, 1 failed',
  },
  'forgets-run': { text: `${uvu}test('no', () => assert.ok(true));`, says: 'ended before its tests did' },
  'forgets-one-run': {
    text: `import { suite } from 'uvu';\nimport * as assert from 'uvu/assert';\nconst ran = suite('ran');\nconst other = suite('other');\nran('yes', () => assert.ok(true));\nother('no', () => assert.ok(true));\nran.run();`,
    says: 'other.run() is missing',
  },
  'no-test': { text: `${uvu}test.run();`, says: 'ran no test' },
  'process-left': {
    text: `import { spawn } from 'node:child_process';\n${uvu}test('no', () => { assert.ok(true); spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref(); });\ntest.run();`,
    says: 'left a process behind',
  },
  'file-left': {
    text: `import { mkdtempSync } from 'node:fs';\nimport { tmpdir } from 'node:os';\n${uvu}test('no', () => { assert.ok(true); mkdtempSync(tmpdir() + '/left-'); });\ntest.run();`,
    says: 'left files behind: left-',
  },
};

function run(files: Record<string, string>, ...options: string[]): { status: number | null; lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'));
  try {
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const [name, text] of Object.entries(files)) {
      for (const path of [join('dist/test', `${name}.test.js`), join('test', `${name}.test.ts`)]) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    }
    // Good files must end within it on a busy machine as well.
    const { status, stdout, stderr } = spawnSync(process.execPath, [runner, '--linger', '4', ...options], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.is(stderr, '');
    return { status, lines: stdout.trimEnd().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('good files pass, wherever they lie', () => {
  const { status, lines } = run({ one: good, 'deep/er/two': good });
  assert.is(status, 0);
  assert.is(lines.at(-1), '4 passed, 0 failed');
});

test('every bad file fails for its own reason, and a good one beside them does not', () => {
  const files = Object.fromEntries(Object.entries(bad).map(([name, { text }]) => [name, text]));
  const { status, lines } = run({ ...files, good });
  assert.is(status, 1);
  for (const [name, { says }] of Object.entries(bad)) {
    const at = lines.findIndex(line => line.startsWith(`FAIL dist/test/${name}.test.js `));
    assert.ok(at >= 0, `${name} is not reported as failing`);
    const next = lines.findIndex((line, index) => index > at && /^(FAIL|ok {2}) /.test(line));
    const reported = lines.slice(at, next < 0 ? undefined : next).join('\n');
    assert.ok(reported.includes(says), `${name} should say: ${says}\n${reported}`);
  }
  assert.ok(lines.some(line => line.startsWith('ok   dist/test/good.test.js  2 passed')));
  assert.match(lines.at(-1) ?? '', new RegExp(`^\\d+ passed, ${Object.keys(bad).length} failed$`));
});

test('each bad file alone ends the run with 1', () => {
  for (const name of ['before-throws', 'after-each-throws', 'forgets-run', 'no-test', 'process-left']) {
    assert.is(run({ [name]: bad[name]?.text ?? '' }).status, 1, name);
  }
});

test('no file, or none that matches, fails', () => {
  assert.is(run({}).status, 1);
  const { status, lines } = run({ one: good }, 'elsewhere');
  assert.is(status, 1);
  assert.is(lines.at(-1), '0 passed, 1 failed');
});

test('a file that mostly waits runs beside the others, and takes none of their places', () => {
  const waits = '// waits: mostly\n';
  const here = `import { existsSync, rmSync, writeFileSync } from 'node:fs';\n${uvu}`;
  // Each ends once all three have begun.
  const meeting = (name: string): string =>
    `${here}test('meets', async () => {\n  writeFileSync('${name}', '');\n  const met = () => ['one', 'two', 'three'].every(one => existsSync(one));\n  for (let count = 0; count < 2_000 && !met(); count += 1) await new Promise(done => setTimeout(done, 20));\n  assert.ok(met());\n});\ntest.run();`;
  const { lines } = run({ one: meeting('one'), two: meeting('two'), three: waits + meeting('three') }, '--jobs', '2');
  assert.is(lines.at(-1), '3 passed, 0 failed');
  // Where one runs at a time, it is one of them.
  const alone = `${here}test('alone', async () => {\n  writeFileSync('alone', '', { flag: 'wx' });\n  await new Promise(done => setTimeout(done, 300));\n  rmSync('alone');\n  assert.ok(true);\n});\ntest.run();`;
  assert.is(
    run({ one: waits + alone, two: waits + alone, three: alone }, '--jobs', '1').lines.at(-1),
    '3 passed, 0 failed',
  );
});

test('filters choose by part of the path', () => {
  assert.is(run({ 'a/one': good, 'b/two': good }, 'a/').lines.at(-1), '2 passed, 0 failed');
  assert.is(run({ 'a/one': good, 'b/two': good }, '--without', 'b/').lines.at(-1), '2 passed, 0 failed');
});

test('what was skipped is named on the last lines, and fails where nothing may be skipped', () => {
  const skipping = `process.stdout.write('SKIP influxdb: no influxd on the PATH\\n');\nprocess.exit(0);`;
  const partly = `${uvu}test.skip('later', () => {});\ntest('now', () => assert.ok(true));\ntest.run();`;
  const allowed = run({ skipping, partly, good });
  assert.is(allowed.status, 0);
  assert.equal(allowed.lines.slice(-3).sort(), [
    '3 passed, 0 failed, 2 skipped',
    'skipped dist/test/partly.test.js: 1 tests by test.skip or test.only',
    'skipped dist/test/skipping.test.js: influxdb: no influxd on the PATH',
  ]);
  const forbidden = run({ skipping, good }, '--nothing-skipped');
  assert.is(forbidden.status, 1);
  assert.is(forbidden.lines.at(-1), '2 passed, 1 failed, 1 skipped');
  const fromPyPI = `process.stdout.write('SKIP pyclowder: no PyPI\\n');\nprocess.exit(0);`;
  const missing = run({ fromPyPI, good }, '--nothing-skipped');
  assert.equal(missing.lines.slice(-2), [
    'skipped dist/test/fromPyPI.test.js: pyclowder: no PyPI',
    '2 passed, 0 failed, 1 skipped',
  ]);
});

test.run();
