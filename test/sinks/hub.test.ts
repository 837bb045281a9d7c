import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hubSink } from '../../src/sinks/hub.js';
import { address } from '../helpers/address.js';

function configured(url: string | undefined, token: string | undefined) {
  const problems: string[] = [];
  const config = hubSink.configure(
    { url: url === undefined ? undefined : address(url), token },
    { add: name => void problems.push(name) },
  );
  return { config, problems };
}

test('both or neither; the address may end with the path of the reports', () => {
  assert.equal(configured(undefined, undefined), { config: undefined, problems: [] });
  assert.equal(configured('https://hub.example', undefined).problems, ['USAGE_HUB_TOKEN']);
  assert.equal(configured(undefined, 'token').problems, ['USAGE_HUB_URL']);
  for (const url of ['https://hub.example', 'https://hub.example/reports'])
    assert.equal(configured(url, 'token').config, { url: 'https://hub.example', token: 'token' });
});

test.run();
