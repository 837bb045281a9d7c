import { appendFileSync, copyFileSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { line, Scene } from './scene.js';

/**
 * Made by scripts/checkpoint-fixture.mjs: 40 lines in the rotated log and 50 in the current one, all of them
 * counted, the second minute's not closed.
 */
const fixture = fileURLToPath(new URL('../../../fixtures/nginx/version-1/', import.meta.url));
const lines = 90;

const test = suite<{ scene: Scene }>('a checkpoint of version 1');

test.before.each(context => {
  const scene = new Scene();
  context.scene = scene;
  for (const name of ['access.log', 'access.log.1']) copyFileSync(`${fixture}${name}`, `${scene.folder.path}/${name}`);
  scene.store.saved = readFileSync(`${fixture}checkpoint.json`, 'utf8');
});
test.after.each(({ scene }) => scene.remove());

const late = (number: number): string => line(number, { time: '05/Mar/2024:10:05:00 +0000' });

/** Requests in all windows of one minute. */
function minute(scene: Scene, start: number): number {
  return scene.store
    .events('connections')
    .filter(event => event.window_start === start)
    .reduce((sum, { requests }) => sum + Number(requests), 0);
}

test('goes on at the same offsets, with the windows that were open', async ({ scene }) => {
  appendFileSync(scene.path, late(1) + late(2));
  await scene.start();
  await scene.read();
  assert.is(scene.store.checkpoint.totals.requests, lines + 2);
  // What was open is counted whole: 30 lines of the second minute, which version 1 had counted before.
  assert.is(minute(scene, Date.UTC(2024, 2, 5, 10, 1)), 30);
  assert.is(minute(scene, Date.UTC(2024, 2, 5, 10, 5)), 2);
  await scene.kill();
  await scene.start();
  await scene.read();
  assert.is(scene.store.checkpoint.totals.requests, lines + 2);
  assert.is(scene.store.checkpoint.version, 2);
});

test('also when the log was rotated and compressed since', async ({ scene }) => {
  appendFileSync(scene.path, late(1));
  renameSync(`${scene.path}.1`, `${scene.path}.2`);
  scene.compress(`${scene.path}.2`);
  renameSync(scene.path, `${scene.path}.1`);
  scene.compress(`${scene.path}.1`);
  appendFileSync(scene.path, late(2) + late(3));
  await scene.start();
  await scene.read();
  assert.is(scene.store.checkpoint.totals.requests, lines + 3);
});

test('a log that was cut since goes on at its end', async ({ scene }) => {
  truncateSync(scene.path, readFileSync(scene.path).length - 100);
  await scene.start();
  await scene.read();
  assert.is(scene.store.checkpoint.totals.requests, lines);
});

test.run();
