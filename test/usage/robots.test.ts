import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Agents } from '../../src/usage/agents.js';
import { parseRobots } from '../../src/usage/robots.js';

const lines = 'bot\r\n^Hypothetical\\/\n\n^.?$\ncurl\\/\npython\n';
const json = JSON.stringify(
  ['bot', '^Hypothetical\\/', '^.?$', 'curl\\/', 'python'].map(pattern => ({ pattern, last_changed: '2024-04-22' })),
);

for (const [form, text] of Object.entries({ lines, json })) {
  test(`a list as ${form}: matches anywhere, in either case; machines and no agent at all are machines`, () => {
    const agents = new Agents(parseRobots(text));
    const askerOf = (agent: string, kind?: string) => agents.askerOf(agent, kind, 'person');
    assert.is(askerOf('Some ROBOT/2'), 'robot');
    assert.is(askerOf('hypothetical/1'), 'robot');
    assert.is(askerOf('Not hypothetical/1'), 'person');
    assert.is(askerOf('curl/8.5.0'), 'machine');
    assert.is(askerOf('Python-urllib/3.11'), 'machine');
    assert.is(askerOf(''), 'machine');
    assert.is(askerOf('Headless thing/1.0', 'crawler'), 'person', 'the list decides, not what the source thinks');
    assert.is(askerOf('Headless thing/1.0', 'extractor'), 'extractor');
  });
}

for (const [what, text, reason] of [
  ['nothing', '\n# a comment\n', /no patterns/],
  ['a pattern that is none', 'bot\n(', /pattern 2 is not a regular expression/],
  ['JSON that is cut', '[{"pattern": "a"}', /not JSON/],
  ['an entry without a pattern', '[{"pattern": "a"}, {"name": "b"}]', /entry 2 has no pattern/],
] as const) {
  test(`a list is refused: ${what}`, () => {
    assert.throws(() => parseRobots(text), reason);
  });
}

test.run();
