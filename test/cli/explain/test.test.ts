import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary.js';
import { invoke } from '../invoke.js';

const test = suite<{ folder: TemporaryFolder; run: (...words: string[]) => ReturnType<typeof invoke> }>(
  'event-sink test',
);
test.before.each(context => {
  context.folder = temporaryFolder();
  const env = { DATA_DIR: context.folder.path, PATH: '/nowhere' };
  context.run = (...words) => invoke(['test', ...words], { env });
});
test.after.each(({ folder }) => folder.remove());

const written = (folder: TemporaryFolder, name: string, text: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};

const good = `
config: daemon.yaml
tests:
  - name: an upload has its bytes
    event: { category: upload, size: 12 }
    expect: { influxdb: { fields: { bytes: 12 }, tags: { category: upload } }, local: delivered }
  - event: { size: 1 }
    expect: refused
`;
const configuration = 'influxdb: { host: 127.0.0.1 }\n';

test('what is as expected passes with 0, by the configuration beside the file', async ({ folder, run }) => {
  written(folder, 'daemon.yaml', configuration);
  const { code, out, err } = await run(written(folder, 'a.yaml', good));
  assert.is(code, 0, out + err);
  assert.is(out, 'ok    an upload has its bytes\nok    tests[1]\n2 passed, 0 failed');
});

test('a mapping that was changed fails with 1, and says what was found where', async ({ folder, run }) => {
  written(folder, 'daemon.yaml', `${configuration.trim().slice(0, -1)}, tags: [type] }\n`);
  const path = written(folder, 'a.yaml', good);
  const { code, out } = await run(path);
  assert.is(code, 1);
  assert.equal(out.split('\n'), [
    `FAIL  an upload has its bytes (${path})`,
    '        influxdb.tags.category',
    '          expected  "upload"',
    '          found     nothing',
    'ok    tests[1]',
    '1 passed, 1 failed',
  ]);
});

test('every kind of difference is said', async ({ folder, run }) => {
  const text = `
settings: { AMPLITUDE_API_KEY: k, AMPLITUDE_CATEGORIES: download }
tests:
  - { name: outcome, event: { category: upload }, expect: { amplitude: delivered } }
  - { name: parts of what is filtered, event: { category: upload }, expect: { amplitude: { event: {} } } }
  - { name: reason, event: { category: upload }, expect: { amplitude: { filtered: by magic } } }
  - { name: accepted, event: { category: upload }, expect: refused }
  - { name: refused, event: { category: 5 }, expect: { local: delivered } }
  - { name: the reason on arrival, event: { category: 5 }, expect: { refused: too large } }
  - { name: count, event: { category: upload }, expect: [{ local: delivered }, { local: delivered }] }
  - { name: notes, event: { category: download }, expect: { amplitude: { notes: { what: cut } } } }
  - { name: event, event: { category: download }, expect: { event: { category: upload } } }
`;
  const { code, out } = await run(written(folder, 'a.yaml', text), '--json');
  assert.is(code, 1);
  const found = out
    .split('\n')
    .map(line => JSON.parse(line) as { test: string; differences: { path: string; found: string }[] });
  assert.equal(
    found.map(({ test: name, differences: [first] }) => [name, first?.path, first?.found]),
    [
      ['outcome', 'amplitude', 'filtered: AMPLITUDE_CATEGORIES leaves out upload'],
      ['parts of what is filtered', 'amplitude', 'filtered: AMPLITUDE_CATEGORIES leaves out upload'],
      ['reason', 'amplitude.filtered', 'AMPLITUDE_CATEGORIES leaves out upload'],
      ['accepted', 'event', 'accepted'],
      ['refused', 'event', 'refused: category must be a string of 1 to 128 characters'],
      ['the reason on arrival', 'refused', 'category must be a string of 1 to 128 characters'],
      ['count', 'events', '1: upload'],
      ['notes', 'amplitude.notes', '[]'],
      ['event', 'event.category', '"download"'],
    ],
  );
});

test('a file that is broken ends with 2, and the others are run', async ({ folder, run }) => {
  const passes = written(folder, 'passes.yaml', 'tests: [{ event: { category: a }, expect: { local: delivered } }]');
  const broken: [text: string, says: string][] = [
    ['tests: [', 'is not YAML'],
    ['tests: []', 'must be a list of tests'],
    ['config: nowhere.yaml\ntests: [{ event: { category: a }, expect: { local: filtered } }]', 'EVENT_SINK_CONFIG'],
    ['settings: { PORT: x }\ntests: [{ event: { category: a }, expect: { local: filtered } }]', 'PORT'],
    ['tests: [{ event: { category: a }, expect: { mongodb: filtered } }]', 'there is no sink mongodb'],
    ['tests: [{ file: nowhere.json, expect: { local: filtered } }]', 'cannot be read'],
    ['tests: [{ upload: { a: 1 }, expect: { local: filtered } }]', 'no list of events'],
  ];
  for (const [text, says] of broken) {
    const { code, out, err } = await run(written(folder, 'broken.yaml', text), passes);
    assert.is(code, 2, text);
    assert.match(err, says);
    assert.match(out, '1 passed, 0 failed');
  }
  assert.is((await run(join(folder.path, 'nowhere.yaml'))).code, 2);
  assert.is((await run()).code, 2);
});

test('a test happens when its event does, or when it says', async ({ folder, run }) => {
  const text = `
settings: { GOOGLE_MEASUREMENT_ID: G-X1, GOOGLE_API_SECRET: s }
tests:
  - { event: { category: download, created: 2020-01-01T00:00:00Z }, expect: { ga4: delivered } }
  - { event: { category: download, created: 2020-01-01T00:00:00Z }, now: 2020-01-05T00:00:00Z, expect: { ga4: too_old } }
  - { event: { category: download, created: 2020-01-01T01:00:00Z }, now: 2020-01-01T00:00:00Z, expect: { ga4: { refused: in the future } } }
`;
  const { code, out } = await run(written(folder, 'a.yaml', text));
  assert.is(code, 0, out);
});

test.run();
