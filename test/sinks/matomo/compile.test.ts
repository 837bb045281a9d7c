import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceReader } from '../../../src/people/devices.js';
import { compile } from '../../../src/sinks/matomo/compile.js';
import { eventOf } from '../../helpers/sink-session.js';

const options = {
  siteId: 3,
  siteUrl: 'https://clowder.example.org',
  idDimension: undefined,
  devices: new DeviceReader(),
};
const hit = (fields: Record<string, unknown>) => compile(eventOf({ created: 1_700_000_000_999, ...fields }), options);

test('a view is a page view, under the address that it says or that Clowder has for it', () => {
  const { _id, ...view } = hit({
    ...{ category: 'view_resource', type: 'dataset', resource_id: 'd1', resource_name: 'Corn' },
    ...{ user_id: 'ann', user_agent: 'Mozilla/5.0 x', language: 'de', country: 'DE', ip: '192.0.2.7' },
    referrer: 'https://example.org/',
  });
  assert.match(_id ?? '', /^[0-9a-f]{16}$/);
  assert.equal(view, {
    ...{ idsite: '3', rec: '1', apiv: '1', bots: '1', cdt: '1700000000', uid: 'ann', ua: 'Mozilla/5.0 x', lang: 'de' },
    ...{ cip: '192.0.2.7', country: 'de', url: 'https://clowder.example.org/datasets/d1', action_name: 'Corn' },
    urlref: 'https://example.org/',
  });
  assert.is(hit({ category: 'page_view', url: '/spaces/1?x=y' }).url, 'https://clowder.example.org/spaces/1?x=y');
  assert.is(
    hit({ category: 'browser_page_view', url: 'https://portal.example.org/' }).url,
    'https://portal.example.org/',
  );
  assert.is(hit({ category: 'view_resource', type: 'collection', resource_id: 'a/b' }).action_name, 'View Collection');
});

test('a download is a download', () => {
  const one = hit({
    category: 'resource_download',
    type: 'file',
    url: '/api/files/f1/blob',
    referrer: 'https://a.example/',
  });
  assert.equal([one.url, one.download], ['https://a.example/', 'https://clowder.example.org/api/files/f1/blob']);
  const two = hit({ category: 'download', type: 'dataset', resource_id: 'd1' });
  assert.equal(
    [two.url, two.download],
    ['https://clowder.example.org/datasets/d1', 'https://clowder.example.org/api/datasets/d1/download'],
  );
});

test('anything else is an event, with its size where it has one', () => {
  const { e_c, e_a, e_n, e_v, ca, url } = hit({ category: 'upload', type: 'file', resource_name: 'a.csv', size: 12.5 });
  assert.equal([e_c, e_a, e_n, e_v, ca, url], ['upload', 'file', 'a.csv', '12.5', '1', 'https://clowder.example.org/']);
  const odd = hit({ category: '  ', type: ' ', url: 'javascript:alert(1)', ip: 'x', country: 'Germany', size: 'big' });
  assert.equal(
    [odd.e_c, odd.e_a, odd.e_v, odd.cip, odd.country],
    ['unknown', 'event', undefined, '0.0.0.0', undefined],
  );
  assert.is(hit({ category: 'c'.repeat(300) }).e_c?.length, 255);
});

test.run();
