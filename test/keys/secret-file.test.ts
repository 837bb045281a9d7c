import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readOperatorFile, readSecretFile, writeSecretFile } from '../../src/keys/secret-file.js';
import { nobody } from '../helpers/running.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';

interface Context {
  folder: TemporaryFolder;
  path: string;
}

const test = suite<Context>('files of secrets');
test.before.each(context => {
  context.folder = temporaryFolder();
  context.path = join(context.folder.path, 'api-key');
});
test.after.each(({ folder }) => folder.remove());

const refused = (words: RegExp) => (error: Error) => error.name === 'SetupError' && words.test(error.message);

test('what is written is for the owner alone, whatever the umask, and is read again', ({ path }) => {
  const before = process.umask(0);
  try {
    writeSecretFile(path, 'secret');
  } finally {
    process.umask(before);
  }
  assert.is(statSync(path).mode & 0o777, 0o600);
  const said: string[] = [];
  assert.is(
    readSecretFile(path, sentence => said.push(sentence)),
    'secret',
  );
  assert.equal(said, []);
});

test('a link planted as the new file is replaced, and what it points to stays as it is', ({ folder, path }) => {
  const victim = join(folder.path, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, `${path}.new`);
  writeSecretFile(path, 'secret');
  assert.is(readFileSync(victim, 'utf8'), 'precious');
  assert.ok(lstatSync(path).isFile());
  assert.is(readSecretFile(path), 'secret');
  assert.not.ok(existsSync(`${path}.new`));
});

test('a link to a file that is not there yet makes none', ({ folder, path }) => {
  const victim = join(folder.path, 'not there');
  symlinkSync(victim, `${path}.new`);
  writeSecretFile(path, 'secret');
  assert.not.ok(existsSync(victim));
});

test('an open file planted as the new one does not stay open', ({ path }) => {
  writeFileSync(`${path}.new`, 'planted');
  chmodSync(`${path}.new`, 0o666);
  writeSecretFile(path, 'secret');
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readSecretFile(path), 'secret');
});

test('a folder in the place of the new file is said', ({ path }) => {
  mkdirSync(`${path}.new`);
  assert.throws(() => writeSecretFile(path, 'secret'), refused(/is a folder. Remove it/));
});

test('a secret that is a link, a device, a folder or open for everybody to write is refused with a sentence', ({
  folder,
  path,
}) => {
  const elsewhere = join(folder.path, 'elsewhere');
  writeFileSync(elsewhere, 'planted', { mode: 0o600 });
  symlinkSync(elsewhere, path);
  assert.throws(() => readSecretFile(path), refused(/is a link, so somebody else may have put it there/));
  assert.throws(() => readSecretFile('/dev/zero'), refused(/is not a file/));
  assert.throws(() => readOperatorFile('/dev/zero'), refused(/is not a file/));
  assert.throws(() => readSecretFile(folder.path), refused(/is not a file/));
  chmodSync(elsewhere, 0o606);
  assert.throws(() => readSecretFile(elsewhere), refused(/anybody may write to .*chmod 600/));
  assert.throws(() => readOperatorFile(elsewhere), refused(/anybody may write to .*chmod 600/));
});

test('a secret that others can read is taken, with a warning', ({ path }) => {
  writeFileSync(path, 'secret\n');
  chmodSync(path, 0o644);
  const said: string[] = [];
  assert.is(
    readSecretFile(path, sentence => said.push(sentence)),
    'secret',
  );
  assert.is(said.length, 1);
  assert.match(said[0] ?? '', /others can read .* \(mode 0644\)\. Make it chmod 600/);
});

test('a file of keys may be reached through links, as Kubernetes makes them', ({ folder }) => {
  const data = join(folder.path, '..data');
  writeFileSync(data, 'entries', { mode: 0o644 });
  symlinkSync(data, join(folder.path, 'keys'));
  assert.is(readOperatorFile(join(folder.path, 'keys')), 'entries');
});

// Only root can give a file away.
if (nobody !== undefined) {
  const { uid, gid } = nobody;
  test('a secret that belongs to another user is refused, unless the whole folder is theirs', ({ folder, path }) => {
    writeFileSync(path, 'planted', { mode: 0o600 });
    chownSync(path, uid, gid);
    assert.throws(() => readSecretFile(path), refused(/belongs to another user \(uid 65534\)/));
    chownSync(folder.path, uid, gid);
    assert.is(readSecretFile(path), 'planted');
  });
}

test.run();
