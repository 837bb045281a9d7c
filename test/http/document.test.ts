import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { catalogue, internalCategories } from '../../src/events/catalogue.js';
import { fieldsName } from '../../src/events/event-schemas.js';
import { acceptOfKind } from '../../src/events/kind.js';
import { buildDocument } from '../../src/http/document.js';

const linter = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'));
const top = new URL('../../../', import.meta.url);

test('openapi/openapi.json follows from the routes', () => {
  const kept = JSON.parse(readFileSync(new URL('openapi/openapi.json', top), 'utf8'));
  assert.equal(kept, JSON.parse(JSON.stringify(buildDocument())), 'run node scripts/generate.mjs');
});

test('the linter finds nothing', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [linter, 'lint', 'openapi/openapi.json', '--config', 'openapi/redocly.yaml'],
    {
      cwd: top,
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  assert.is(status, 0, `${stdout}${stderr}`);
});

test('it is built once, however often it is asked for', () => {
  assert.is(buildDocument(), buildDocument());
});

test('every kind of recorded event is an example', () => {
  const body = buildDocument().paths['/v1/events']?.post?.requestBody;
  assert.ok(body !== undefined && 'content' in body);
  const examples = Object.keys(body.content['application/json']?.examples ?? {});
  for (const name of [
    'upload',
    'download.dataset',
    'view_resource.space',
    'delete.file',
    'extraction_status.working',
  ]) {
    assert.ok(examples.includes(name), name);
  }
});

test('every kind of the catalogue has a path, with a schema of its own and an example that is accepted there', () => {
  const { paths } = buildDocument();
  const kinds = catalogue.filter(({ category }) => !internalCategories.includes(category));
  assert.ok(kinds.length > 30);
  for (const kind of kinds) {
    const path = ['/v1/events', kind.category, ...(kind.type === undefined ? [] : [kind.type])].join('/');
    const body = paths[path]?.post?.requestBody;
    assert.ok(body !== undefined && 'content' in body, path);
    const { example, schema } = body.content['application/json']!;
    assert.match(JSON.stringify(schema), new RegExp(`/${fieldsName(kind)}"`), path);
    assert.not.ok(Object.hasOwn(example, 'category'), path);
    assert.ok('message' in acceptOfKind(kind, example, { now: 1, source: 'http' }), path);
  }
});

test('every answer has a description of its own', () => {
  assert.not.match(JSON.stringify(buildDocument()), /[\u4e00-\u9fff]{2}/);
});

test.run();
