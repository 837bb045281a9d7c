// waits: mostly
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AuditTrail } from '../../src/audit/trail.js';
import { systemClock } from '../../src/clock.js';
import { formatEntry } from '../../src/keys/entries.js';
import { firstKeyPath, readFirstKey } from '../../src/keys/first-key.js';
import { generateKey, type KeySource, keyEntry } from '../../src/keys/keys.js';
import { openKeyRing } from '../../src/keys/ring.js';
import { silentLog } from '../../src/log.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

const test = suite<{ dataDir: string }>('key ring');
test.before.each(context => {
  context.dataDir = mkdtempSync(join(tmpdir(), 'event-sink-keys-'));
});
test.after.each(context => rmSync(context.dataDir, { recursive: true }));

const nowhere = { entries: undefined, file: undefined };
const [one, two] = [generateKey(), generateKey()];
const [entryOne, entryTwo] = [keyEntry(one, 'one', ['read']), keyEntry(two, 'two', ['read'])].map(formatEntry);

function open(dataDir: string, source: KeySource = nowhere, { log = silentLog, clock = systemClock } = {}) {
  const lines: string[] = [];
  const audit = new AuditTrail(log, clock);
  const ring = openKeyRing({ source, dataDir, clock, log, audit, announce: line => lines.push(line) });
  return { ring, lines };
}

test('the first start makes one key with all scopes, for the owner alone, and the next start keeps it', ({
  dataDir,
}) => {
  const { ring, lines } = open(dataDir);
  assert.is(readFirstKey(dataDir), undefined, 'nothing is made before the folder is held');
  ring.openFolder();
  const key = readFirstKey(dataDir);
  assert.ok(key);
  assert.is(statSync(firstKeyPath(dataDir)).mode & 0o777, 0o600);
  assert.match(lines[0] ?? '', key);
  ring.close();
  const again = open(dataDir);
  again.ring.openFolder();
  assert.equal(again.ring.find(key)?.scopes, ['publish', 'read', 'admin']);
  assert.not.match(again.lines[0] ?? '', key);
  again.ring.close();
});

test('a file that holds no key is not taken for one', ({ dataDir }) => {
  writeFileSync(firstKeyPath(dataDir), '', { mode: 0o600 });
  const { ring } = open(dataDir);
  assert.throws(
    () => ring.openFolder(),
    (error: Error) => error.name === 'SetupError' && error.message.includes('Delete it'),
  );
  ring.close();
});

const changes: readonly { name: string; become(file: string): void; kept: boolean; problem: RegExp }[] = [
  { name: 'emptied', become: file => writeFileSync(file, ''), kept: false, problem: /has no entry/ },
  { name: 'deleted', become: file => rmSync(file), kept: false, problem: /there is no such file/ },
  {
    name: 'replaced by a folder that is not there',
    become: file => {
      rmSync(file);
      symlinkSync('/nowhere/at/all', file);
    },
    kept: false,
    problem: /there is no such file/,
  },
  {
    name: 'broken by a typo in one line',
    become: file => writeFileSync(file, `${entryOne}\n\n${entryTwo?.replace(':read', ':reed')}\n`),
    kept: true,
    problem: /line 3 has an unknown scope/,
  },
  {
    name: 'opened to everybody for writing',
    become: file => chmodSync(file, 0o666),
    kept: false,
    problem: /anybody may write to .* chmod 600/,
  },
];

for (const { name, become, kept, problem } of changes) {
  test(`a file of keys that is ${name}: what it no longer names is out within two seconds, and a problem says why`, async ({
    dataDir,
  }) => {
    const file = join(dataDir, 'keys');
    writeFileSync(file, `${entryOne}\n\n${entryTwo}\n`);
    const { log, lines } = recordingLog();
    const { ring } = open(dataDir, { entries: undefined, file }, { log });
    try {
      assert.is(ring.find(one)?.name, 'one');
      assert.is(ring.find(two)?.name, 'two');
      assert.equal(ring.problems(), []);
      let announced = 0;
      ring.onChange(() => announced++);

      become(file);
      await until(() => ring.find(two) === undefined, 'the key to be out', 2000);
      assert.is(ring.find(one) !== undefined, kept);
      assert.is(announced, 1);
      assert.match(ring.problems()[0]?.what ?? '', problem);
      assert.equal(
        lines.map(({ level, line }) => `${level} ${line}`),
        ['error keys.refused', 'info audit.key-file-read'],
      );
      assert.match(String(lines[1]?.fields.message), /out: .*two; the file is wrong/);
      assert.match(String(lines[0]?.fields.reason), problem);

      rmSync(file, { force: true });
      writeFileSync(file, `${entryTwo}\n`);
      await until(() => ring.find(two) !== undefined, 'the key to be back');
      assert.is(ring.find(one), undefined);
      assert.equal(ring.problems(), []);
    } finally {
      ring.close();
    }
  });
}

test('SIGHUP reads the file at once, and a file that an editor has emptied for a moment puts nobody out', async ({
  dataDir,
}) => {
  const file = join(dataDir, 'keys');
  writeFileSync(file, `${entryOne}\n`);
  const { ring } = open(dataDir, { entries: undefined, file });
  writeFileSync(file, `${entryTwo}\n`);
  ring.reload();
  assert.is(ring.find(one), undefined);
  assert.is(ring.find(two)?.name, 'two');
  let out = 0;
  ring.onChange(() => out++);
  // Seldom empty, or five looks in a row might find it so.
  for (let round = 0; round < 40; round++) {
    writeFileSync(file, '');
    await new Promise(resolve => setTimeout(resolve, 5));
    writeFileSync(file, `${entryTwo}\n`);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
  assert.is(out, 0);
  ring.close();
});

test('a key ends at its time, which is announced', async ({ dataDir }) => {
  const clock = new ManualClock();
  const entry = formatEntry(keyEntry(one, 'one', ['read'], { expires: clock.now() + 500 }));
  const { log, lines } = recordingLog();
  const { ring } = open(dataDir, { entries: `${entry}\n${entryTwo}`, file: undefined }, { log, clock });
  let announced = 0;
  ring.onChange(() => announced++);
  assert.is(ring.find(one)?.name, 'one');
  await clock.pass(500);
  assert.is(ring.find(one), undefined);
  assert.is(ring.findExpired(one)?.name, 'one');
  assert.is(ring.findExpired(two), undefined);
  await until(() => announced === 1, 'the announcement');
  assert.equal(
    lines.map(({ line, fields }) => [line, fields.subject]),
    [['audit.key-expired', 'one']],
  );
  assert.is(ring.find(two)?.name, 'two');
  ring.close();
});

test('a key that is made lives in DATA_DIR as its hash alone, is counted, and ends when it is revoked', ({
  dataDir,
}) => {
  const source = { entries: entryOne, file: undefined };
  const first = open(dataDir, source).ring;
  first.openFolder();
  const key = first.make('portal', ['publish'], { quota: 5 });
  const made = first.find(key)!;
  assert.equal(made.scopes, ['publish']);
  first.used(made);
  first.used(made);
  first.close();
  for (const name of readdirSync(dataDir)) {
    assert.not.match(readFileSync(join(dataDir, name), 'utf8'), key, name);
    assert.is(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
  }

  const { ring } = open(dataDir, source);
  ring.openFolder();
  const listed = ring.list();
  assert.equal(
    listed.map(({ key: { name }, source: from, use }) => [name, from, use?.requests]),
    [
      ['one', 'settings', undefined],
      ['portal', 'made', 2],
    ],
  );
  assert.not.match(JSON.stringify(listed), 'hash');
  assert.is(ring.find(key)?.quota, 5);
  assert.throws(() => ring.make('portal', ['read'], {}), /already/);
  assert.throws(() => ring.revoke('one'), /take it out of API_KEYS/);
  let announced = 0;
  ring.onChange(() => announced++);
  assert.is(ring.revoke('portal'), true);
  assert.is(ring.find(key), undefined);
  assert.is(announced, 1);
  assert.is(ring.revoke('portal'), false);
  ring.close();
});

test.run();
