import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError, readExpectations } from '../../src/explain/expectations.js';
import { thrown } from '../helpers/thrown.js';

test('every kind of input is read as its source would get it', () => {
  const { cases } = readExpectations({
    now: '2026-03-15T12:00:00Z',
    tests: [
      { name: 'a', event: { category: 'upload' }, expect: { local: 'delivered' } },
      { json: '{"n":12345678901234567890}', now: 1_700_000_000_000, expect: 'refused' },
      { line: '- - -', expect: [{ local: 'filtered' }, { refused: 'why' }] },
      { message: 'Hello', expect: { mongodb: { document: {} } } },
      { cloudevent: { id: '1' }, expect: { event: { id: 'x' } } },
      { upload: { events: [] }, expect: { local: 'refused' } },
      { file: 'one.log', as: 'nginx', expect: { local: 'delivered' } },
    ],
  });
  assert.equal(
    cases.map(({ input, now }) => [input, now]),
    [
      [{ kind: 'event', text: '{"category":"upload"}' }, 1_773_576_000_000],
      [{ kind: 'event', text: '{"n":12345678901234567890}' }, 1_700_000_000_000],
      [{ kind: 'nginx', text: '- - -' }, 1_773_576_000_000],
      [{ kind: 'clowder', text: 'Hello' }, 1_773_576_000_000],
      [{ kind: 'cloudevent', text: '{"id":"1"}' }, 1_773_576_000_000],
      [{ kind: 'amplitude', text: '{"events":[]}' }, 1_773_576_000_000],
      [{ kind: 'nginx', file: 'one.log' }, 1_773_576_000_000],
    ],
  );
  assert.equal(cases[1]?.expected, [{ refused: true }]);
  assert.equal(cases[2]?.expected, [{ parts: { local: 'filtered' } }, { refused: 'why' }]);
});

const flawsOf = async (document: unknown): Promise<readonly string[]> => {
  const error = await thrown((async () => readExpectations(document))());
  assert.instance(error, FileError);
  return (error as FileError).problems;
};

test('everything that is wrong with a file is said at once, by its place', async () => {
  const said = await flawsOf({
    confg: 'x',
    settings: [],
    now: 'noon',
    tests: [
      'x',
      { event: { category: 'a' }, line: 'b', expect: {} },
      { event: 1, expect: { local: 'deliverd' } },
      { evnt: {}, expect: { local: { a: '/(/' } } },
      { event: {}, as: 'xml', expect: { refused: 'a', local: 'refused' } },
      { line: {}, expect: 3 },
    ],
  });
  const expected = [
    ['confg', 'Did you mean config?'],
    ['settings', 'mapping of names'],
    ['now', 'must be a time'],
    ['tests[0]', 'must be a mapping'],
    ['tests[1]', 'exactly one of'],
    ['tests[2].event', 'must be a mapping'],
    ['tests[2].expect.local', 'must be one of delivered'],
    ['tests[3].evnt', 'Did you mean event?'],
    ['tests[3].expect.local.a', 'not a regular expression'],
    ['tests[4].as', 'must be one of event'],
    ['tests[4].expect', 'nothing beside `refused`'],
    ['tests[5].line', 'must be a text'],
    ['tests[5].expect', 'must be `refused`, or a mapping'],
  ] as const;
  for (const [place, words] of expected)
    assert.ok(
      said.some(one => one.startsWith(`${place} `) && one.includes(words)),
      `${place} ${words}\n${said.join('\n')}`,
    );
  assert.match((await flawsOf(null))[0] ?? '', 'list `tests`');
});

test.run();
