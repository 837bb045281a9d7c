import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { readYaml } from '../../src/config/yaml.js';
import { readExpectations } from '../../src/explain/expectations.js';
import { createExplain } from '../../src/explain/explain.js';
import { compare } from '../../src/explain/verdict.js';
import type { Rendering } from '../../src/sinks/rendering.js';
import { invoke } from '../cli/invoke.js';
import { standingClock } from '../helpers/sink-session.js';

const path = 'deploy/explain/event-sink.test.yaml';

test('the example of the documentation is as it says', async () => {
  const { code, out } = await invoke(['test', path]);
  assert.is(code, 0, out);
  assert.match(out, /^\d+ passed, 0 failed$/m);
});

/** The first test of the example, where the mapping of one sink is another than ours. */
async function differencesWith(sink: string, change: (rendering: Rendering) => Rendering) {
  const document = readYaml(path, readFileSync(path, 'utf8'));
  if ('flaw' in document) throw new Error(document.flaw);
  const { cases, settings } = readExpectations(document.typed);
  const env = { ...settings, EVENT_SINK_CONFIG: 'deploy/explain/event-sink.yaml' };
  const loaded = loadConfig({ env, readFile: name => readFileSync(name, 'utf8') });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const sinks = loaded.config.sinks.map(one => {
    if (one.definition.name !== sink) return one;
    const renderer: typeof one.definition.renderer = async (config, tools) => {
      const render = await one.definition.renderer(config, tools);
      return event => change(render(event));
    };
    return { ...one, definition: { ...one.definition, renderer } };
  });
  const { input, expected } = cases[0]!;
  if (!('text' in input)) throw new Error('the first test names a file');
  const explain = createExplain({
    config: { ...loaded.config, sinks },
    idSecret: 'secret',
    countryOf: () => undefined,
    clock: standingClock(Date.UTC(2026, 2, 15, 12)),
  });
  return compare(expected, await explain(input.text, 'event'));
}

test('it fails when a mapping is changed', async () => {
  assert.equal(await differencesWith('mongodb', same => same), []);
  const renamed = await differencesWith('mongodb', rendering => {
    if (!('output' in rendering)) return rendering;
    const { user_name: name, ...others } = rendering.output.document as Record<string, unknown>;
    return { output: { document: { ...others, userName: name } } };
  });
  assert.equal(renamed, [{ path: 'mongodb.document.user_name', expected: '"Ada Example"', found: 'nothing' }]);
  const refused = await differencesWith('ga4', () => ({ refused: 'another rule' }));
  assert.equal(refused, [{ path: 'ga4', expected: 'delivered', found: 'refused: another rule' }]);
});

test.run();
