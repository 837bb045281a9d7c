import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WrongError } from '../../../src/cli/check/attempt.js';
import { publisher } from '../../../src/cli/check/publisher.js';
import { hubSink } from '../../../src/sinks/hub.js';
import { mongodbSink } from '../../../src/sinks/mongodb.js';
import { thrown } from '../../helpers/thrown.js';
import { usageConfig } from '../../usage/scene.js';

const sinks = [{ definition: hubSink }] as never;
const run = (usage: typeof usageConfig | undefined) => {
  const [attempt] = publisher({ sinks, usage });
  return attempt!.run(new AbortController().signal);
};

test('a hub needs counts, the id of a publisher, and the name of a platform or publisher', async () => {
  const off = await thrown(run(undefined));
  assert.ok(off instanceof WrongError && off.setting === 'USAGE');
  const nobody = await thrown(run(usageConfig));
  assert.ok(nobody instanceof WrongError && nobody.setting === 'USAGE_PUBLISHER_ID');
  const nameless = await thrown(run({ ...usageConfig, publisherId: 'grid:1' }));
  assert.ok(nameless instanceof WrongError && nameless.setting === 'USAGE_PLATFORM');
  assert.is(await run({ ...usageConfig, publisherId: 'grid:1', publisher: 'Example' }), 'reports of grid:1');
});

test('without a hub nothing is asked', () => {
  assert.equal(publisher({ sinks: [{ definition: mongodbSink }] as never, usage: usageConfig }), []);
});

test.run();
