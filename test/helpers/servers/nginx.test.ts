import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { required } from '../skip.js';
import { until } from '../wait.js';
import { startNginx } from './nginx.js';

const nginx = required(
  'nginx',
  await startNginx({ http: `log_format short '$request_uri $status';`, format: 'short' }),
);

async function ask(path: string): Promise<void> {
  await (await fetch(`${nginx.url}${path}`)).text();
}

function linesOf(...files: string[]): string[] {
  return files.flatMap(file => readFileSync(file, 'utf8').trimEnd().split('\n')).filter(line => line !== '');
}

test('requests are lines of the log, in the format of the test', async () => {
  await ask('/one?a=b');
  await until(() => linesOf(nginx.accessLog).length === 1, 'the line');
  assert.equal(linesOf(nginx.accessLog), ['/one?a=b 200']);
});

test('after a rotation there are two files, and no line is lost', async () => {
  await ask('/before');
  const moved = await nginx.rotate();
  await ask('/after');
  await until(() => linesOf(moved, nginx.accessLog).length === 3, 'three lines');
  assert.is.not(moved, nginx.accessLog);
});

test.after(() => nginx.stop());

test.run();
