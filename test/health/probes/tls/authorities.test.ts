import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Authorities } from '../../../../src/health/probes/tls/authorities.js';
import { makeCertificates } from '../../../helpers/certificates.js';
import { required } from '../../../helpers/skip.js';
import { temporaryFolder } from '../../../helpers/temporary.js';

const never = new AbortController().signal;

test('one context serves all runs until the file changes', async () => {
  const folder = temporaryFolder();
  const { ca, intermediate } = required('certificates', makeCertificates(folder.path));
  const file = join(folder.path, 'trusted.pem');
  copyFileSync(ca, file);
  const authorities = new Authorities(file);
  const first = await authorities.context(never);
  assert.is(await authorities.context(never), first);
  copyFileSync(intermediate, file);
  const second = await authorities.context(never);
  assert.is.not(second, first);
  assert.is(await authorities.context(never), second);
  folder.remove();
  try {
    await authorities.context(never);
    assert.unreachable('the file is gone');
  } catch (error) {
    assert.is((error as Error).message, 'ca cannot be read: no such file or folder');
  }
  const system = new Authorities(undefined);
  assert.is(await system.context(never), await system.context(never));
});

test.run();
