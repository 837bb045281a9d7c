import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Content, openPlain } from '../../../src/nginx/files/content.js';
import { findWhole } from '../../../src/nginx/files/discovery.js';
import { LogFile, readBufferBytes } from '../../../src/nginx/files/log-file.js';
import { temporaryFolder } from '../../helpers/temporary.js';

test('a file that is emptied while it is read is known by the bytes that were counted', async () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'access.log');
  const copy = `${path}.1`;
  writeFileSync(path, 'the first line\nthe second\n');
  const content = await openPlain(path);
  const emptied: Content = {
    ...content,
    read: async (...args) => {
      const count = await content.read(...args);
      copyFileSync(path, copy);
      truncateSync(path);
      return count;
    },
  };
  const file = new LogFile(path, emptied);
  const keys: string[] = [];
  const take = (_buffer: Buffer, end: number, key: string): number => {
    keys.push(key);
    return end;
  };
  await file.read(Buffer.alloc(readBufferBytes), take, () => {});
  assert.is.not(keys[0], '', 'the name of the file in the ids of its lines');
  assert.is(keys[0], file.key);
  const whole = await findWhole([copy], file.position);
  assert.is(whole?.offset, file.offset, 'the copy is known, and read on from there');
  await whole?.close();
  await file.close();
  folder.remove();
});

test.run();
