import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { declaredSettings } from '../../src/config/declared.js';
import { loadConfig } from '../../src/config/load.js';
import { sinks } from '../../src/sinks/registry.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('every setting has a name of its own, a sentence, and an example that is right', () => {
  const settings = declaredSettings(sinks);
  const names = settings.flatMap(({ name, aliases }) => [name, ...aliases]);
  assert.is(new Set(names).size, names.length);
  for (const { name, description, example, schema, fileOnly } of settings) {
    assert.match(name, fileOnly ? /^[a-z][a-z_]+$/ : /^[A-Z][A-Z0-9_]+$/);
    assert.match(description, /\.$/, name);
    if (example !== undefined && !fileOnly) assert.ok(schema.safeParse(example).success, name);
  }
});

test('the example of a setting that only the file can hold is right', () => {
  for (const { example = '' } of declaredSettings(sinks).filter(({ fileOnly }) => fileOnly)) {
    const readFile = (path: string) => (path === 'c.yaml' ? example : 'mongodb://127.0.0.1');
    const loaded = loadConfig({ env: { EVENT_SINK_CONFIG: 'c.yaml' }, readFile });
    assert.ok('config' in loaded, JSON.stringify(loaded));
    assert.ok(example.includes(':') && loaded.config.sinks.length > 2);
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
