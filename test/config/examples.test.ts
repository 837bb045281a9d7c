import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { declaredSettings } from '../../src/config/groups.js';
import { sinks } from '../../src/sinks/registry.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('every setting has a name of its own, a sentence, and an example that is right', () => {
  const settings = declaredSettings(sinks);
  assert.is(new Set(settings.flatMap(({ name, aliases }) => [name, ...aliases])).size, settings.length + 1);
  for (const { name, description, example, schema } of settings) {
    assert.match(name, /^[A-Z][A-Z0-9_]+$/);
    assert.match(description, /\.$/, name);
    if (example !== undefined) assert.ok(schema.safeParse(example).success, name);
  }
});

test('the generated files are in step with the code', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/generate.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
});

test.run();
