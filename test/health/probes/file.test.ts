import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runOnce, targetOf } from '../../helpers/health.js';
import { temporaryFolder } from '../../helpers/temporary.js';

test('an address is a path from the root, with or without two slashes before it', () => {
  for (const address of ['file:/data/.alive', 'file:///data/.alive']) {
    const target = targetOf(`disk=${address}`);
    assert.equal([target.check, target.address], [{ path: '/data/.alive', expect: {} }, 'file:/data/.alive']);
  }
});

test('what is written is read back, and nothing is left', async () => {
  const folder = temporaryFolder();
  const own = join(folder.path, 'mine.txt');
  writeFileSync(own, 'not to be touched');
  for (const path of [folder.path, own, join(folder.path, 'new')]) {
    const { finding, reason, times } = await runOnce(`disk=file:${path}`);
    assert.equal([finding, reason], ['up', undefined]);
    assert.ok((times?.average ?? 0) > 0);
  }
  assert.equal(readdirSync(folder.path), ['mine.txt']);
  assert.is((await runOnce(`disk=file:${folder.path}/none/at/all`)).reason, 'no such file or folder');
  assert.is((await runOnce(`disk=file:${own}/below`)).reason, 'a part of the path is not a folder');
  folder.remove();
});

test.run();
