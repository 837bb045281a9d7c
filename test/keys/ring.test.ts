import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatEntry, generateKey, keyEntry } from '../../src/keys/keys.js';
import { firstKeyPath, openKeyRing, readFirstKey } from '../../src/keys/ring.js';
import { type Log, silentLog } from '../../src/log.js';

const test = suite<{ dataDir: string }>('key ring');
test.before.each(context => {
  context.dataDir = mkdtempSync(join(tmpdir(), 'event-sink-keys-'));
});
test.after.each(context => rmSync(context.dataDir, { recursive: true }));

const nowhere = { entries: undefined, file: undefined };

test('the first start makes one key with all scopes, for the owner alone, and the next start keeps it', ({
  dataDir,
}) => {
  const lines: string[] = [];
  const open = () => openKeyRing({ source: nowhere, dataDir, log: silentLog, announce: line => lines.push(line) });
  open().close();
  const key = readFirstKey(dataDir);
  assert.ok(key);
  assert.is(statSync(firstKeyPath(dataDir)).mode & 0o777, 0o600);
  assert.match(lines[0] ?? '', key);
  const again = open();
  assert.equal(again.find(key)?.scopes, ['publish', 'read', 'admin']);
  assert.not.match(lines[1] ?? '', key);
  again.close();
});

test('a file that holds no key is not taken for one', ({ dataDir }) => {
  writeFileSync(firstKeyPath(dataDir), '');
  assert.throws(
    () => openKeyRing({ source: nowhere, dataDir, log: silentLog, announce: () => {} }),
    (error: Error) => error.name === 'SetupError' && error.message.includes('Delete it'),
  );
});

test('a key file is read again, and bad content changes nothing', ({ dataDir }) => {
  const file = join(dataDir, 'keys');
  const [one, two] = [generateKey(), generateKey()];
  writeFileSync(file, formatEntry(keyEntry(one, 'one', ['read'])));
  const lines: string[] = [];
  const log: Log = { ...silentLog, info: (_, line) => lines.push(line), error: (_, line) => lines.push(line) };
  const ring = openKeyRing({ source: { entries: undefined, file }, dataDir, log, announce: () => {} });
  assert.is(ring.find(one)?.name, 'one');

  writeFileSync(file, 'nonsense');
  ring.reload();
  assert.is(ring.find(one)?.name, 'one');

  writeFileSync(file, formatEntry(keyEntry(two, 'two', ['read'])));
  ring.reload();
  assert.is(ring.find(one), undefined);
  assert.is(ring.find(two)?.name, 'two');

  rmSync(file);
  ring.reload();
  assert.is(ring.find(two)?.name, 'two');
  assert.equal(lines, ['keys.refused', 'keys.reloaded', 'keys.refused']);
  ring.close();
});

test.run();
