import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../src/errors.js';
import { idSecretPath, openIdSecret } from '../../src/keys/id-secret.js';
import { inFolder } from '../storage/scratch.js';

test('a secret is made once, for its owner alone, and is the same at the next start', () =>
  inFolder(async folder => {
    const dir = join(folder, 'data');
    const secret = openIdSecret(dir, undefined);
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.is((await readFile(idSecretPath(dir), 'utf8')).trim(), secret);
    assert.is((await stat(idSecretPath(dir))).mode & 0o777, 0o600);
    assert.is(openIdSecret(dir, undefined), secret);
    assert.is.not(openIdSecret(join(folder, 'other'), undefined), secret);
  }));

test('a configured secret is taken as it is, and nothing is kept', () =>
  inFolder(async dir => {
    assert.is(openIdSecret(dir, 'a secret of their own'), 'a secret of their own');
    await stat(idSecretPath(dir)).then(
      () => assert.unreachable(),
      error => assert.is(error.code, 'ENOENT'),
    );
  }));

test('a secret that was cut short, or cannot be read, is a reason not to start: another one would change every id', () =>
  inFolder(async dir => {
    await writeFile(idSecretPath(dir), 'abc\n');
    assert.throws(
      () => openIdSecret(dir, undefined),
      (error: unknown) => error instanceof SetupError && /does not hold a secret/.test(error.message),
    );
    assert.is(await readFile(idSecretPath(dir), 'utf8'), 'abc\n');
    const other = join(dir, 'other');
    await mkdir(idSecretPath(other), { recursive: true });
    assert.throws(
      () => openIdSecret(other, undefined),
      (error: unknown) => error instanceof SetupError && /is not a file/.test(error.message),
    );
  }));

test.run();
