import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { createExplain, type ExplainOptions } from '../../src/explain/explain.js';
import type { Explanation, SinkExplanation } from '../../src/explain/explanation.js';
import { guessKind, InputError, type InputKind } from '../../src/explain/input.js';
import { standingClock } from '../helpers/sink-session.js';
import { thrown } from '../helpers/thrown.js';

const now = Date.UTC(2026, 2, 15, 12);
const everySink = {
  ...{ MONGODB_URI: 'mongodb://127.0.0.1:9999', INFLUXDB_HOST: '127.0.0.1:9999', AMPLITUDE_API_KEY: 'k', USAGE: 'on' },
  ...{ GOOGLE_MEASUREMENT_ID: 'G-TEST1', GOOGLE_API_SECRET: 's', NOTIFY_SLACK_URL: 'http://127.0.0.1:9999/x' },
  ...{ WEBHOOK_URL: 'http://127.0.0.1:9999/', NGINX_ACCESS_LOG: '/nowhere/access.log' },
};

function explainer(env: Record<string, string> = {}, more: Partial<ExplainOptions> = {}) {
  const loaded = loadConfig({ env: { ...everySink, ...env }, readFile: () => '' });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const options = { config: loaded.config, idSecret: 'secret', countryOf: () => undefined, clock: standingClock(now) };
  return createExplain({ ...options, ...more });
}

async function one(text: unknown, kind: InputKind = 'event', env?: Record<string, string>): Promise<Explanation> {
  const found = await explainer(env)(typeof text === 'string' ? text : JSON.stringify(text), kind);
  assert.is(found.length, 1);
  return found[0]!;
}

const at = ({ sinks }: Explanation, sink: string): SinkExplanation => {
  assert.ok(sinks[sink], `${sink} is not among ${Object.keys(sinks)}`);
  return sinks[sink];
};
/** A part of what arrives. */
const part = (explanation: Explanation, sink: string, name: string): Record<string, unknown> =>
  at(explanation, sink).output?.[name] as Record<string, unknown>;
const view = { id: 'view-1', category: 'view_resource', type: 'dataset', resource_id: 'a'.repeat(24), created: now };

test('a text with more events than are explained is refused before they are looked at; others are served meanwhile', async () => {
  const explain = explainer();
  const many = Array.from({ length: 11 }, (_, index) => ({ ...view, id: `view-${index}` }));
  const cloud = many.map(({ id }) => ({ specversion: '1.0', id, source: '/x', type: 'upload', data: {} }));
  const upload = { api_key: 'k', events: many.map(() => ({ event_type: 'x' })) };
  for (const [text, kind] of [
    [JSON.stringify(many), 'event'],
    [many.map(event => JSON.stringify(event)).join('\n'), 'event'],
    [JSON.stringify(cloud), 'cloudevent'],
    [JSON.stringify(upload), 'amplitude'],
    ['a line\n'.repeat(101), 'nginx'],
  ] as const)
    assert.instance(await thrown(explain(text, kind, 10)), InputError, kind);
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (turns < 5) setImmediate(turn);
  };
  setImmediate(turn);
  assert.is((await explain(JSON.stringify(many), 'event', 11)).length, 11);
  assert.is(turns, 5);
});

test('every sink says what it makes of an event, in its own words', async () => {
  const found = await one({ ...view, resource_name: 'Plots', user_name: 'Ada Example' });
  assert.equal(Object.keys(found.sinks).sort(), [
    ...['amplitude', 'ga4', 'influxdb', 'local', 'mongodb', 'notify', 'notify.slack', 'usage', 'webhook'],
  ]);
  assert.is(found.event?.id, 'view-1');
  const { output: mongodb } = at(found, 'mongodb');
  assert.equal(mongodb, {
    document: {
      _id: 'view-1',
      ...{ id: 'view-1', category: 'view_resource', type: 'dataset', resource_id: view.resource_id, created: now },
      ...{ resource_name: 'Plots', user_name: 'Ada Example', created_at: { $date: '2026-03-15T12:00:00.000Z' } },
    },
  });
  const { fields, tags } = at(found, 'influxdb').output as Record<string, Record<string, unknown>>;
  assert.equal([tags?.category, fields?.resource_name], ['view_resource', 'Plots']);
  assert.equal(part(found, 'amplitude', 'event').event_type, 'View Dataset');
  assert.equal(at(found, 'amplitude').personal?.left_out, ['user_name']);
  assert.is(at(found, 'local').personal, undefined);
  assert.equal(at(found, 'usage').output?.reason, 'other_source');
});

test('what is filtered says by which setting, and what a sink alone takes', async () => {
  const found = await one(view, 'event', {
    GOOGLE_CATEGORIES: 'download',
    MONGODB_CATEGORIES: '!view_resource.dataset',
  });
  assert.equal(at(found, 'ga4'), {
    outcome: 'filtered',
    reason: 'GOOGLE_CATEGORIES leaves out view_resource.dataset',
    notes: [],
  });
  assert.is(at(found, 'mongodb').outcome, 'filtered');
  assert.is(at(found, 'influxdb').outcome, 'delivered');
  assert.match(at(found, 'notify').reason ?? '', 'takes service_status, problem alone');
});

test('what is refused on arrival says why, and a body that is not of its kind is an error', async () => {
  const found = await one({ category: 5, type: 'x' });
  assert.is(found.event, null);
  assert.equal([found.refused[0]?.field, found.sinks], ['category', {}]);
  const explain = explainer();
  for (const [text, kind] of [
    ['{', 'event'],
    ['{}\n{', 'event'],
    ['{', 'amplitude'],
    ['{"a":1}', 'amplitude'],
  ] as const)
    assert.instance(await thrown(explain(text, kind)), InputError, text);
  assert.instance(await thrown(explain('[{},{},{}]', 'event', 2)), InputError);
});

test('a list, lines and CloudEvents are each of their events', async () => {
  const explain = explainer();
  const ids = async (text: string, kind: InputKind) => (await explain(text, kind)).map(({ event }) => event?.id);
  assert.equal(await ids('[{"category":"a","id":"1"},{"category":"b","id":"2"}]', 'event'), ['1', '2']);
  assert.equal(await ids('{"category":"a","id":"1"}\n\n{"category":"b","id":"2"}\n', 'event'), ['1', '2']);
  const [cloud] = await explain(
    '{"specversion":"1.0","id":"1","source":"x","type":"download.file","data":{"size":3}}',
    'cloudevent',
  );
  assert.equal([cloud?.event?.category, cloud?.event?.type, cloud?.event?.fields.size], ['download', 'file', 3]);
});

test('a message of the exchange goes where events go, what is no event only to who takes texts', async () => {
  const dated = await one({ category: 'upload', created: now }, 'clowder');
  assert.is(dated.event?.source, 'clowder');
  const undated = await one({ category: 'upload' }, 'clowder');
  assert.is(undated.event?.created, now);
  const text = await one('Hello World!', 'clowder');
  assert.is(text.event?.text, 'Hello World!');
  assert.equal(part(text, 'mongodb', 'document').message, 'Hello World!');
  assert.is(at(text, 'influxdb').outcome, 'refused');
  assert.match(at(text, 'influxdb').reason ?? '', 'not JSON');
  assert.is(at(text, 'usage').outcome, 'filtered');
});

test('lines of the log become what the daemon makes of them; a crawler is for usage alone', async () => {
  const agent = '"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"';
  const line = (who: string) =>
    `203.0.113.7 - - [15/Mar/2026:12:00:00 +0000] "GET /datasets/65a89edca4bbe9b699ba4be4 HTTP/1.1" 200 99 "-" ${who}`;
  const on = { NGINX_TRAFFIC_EVENTS: 'views' };
  const person = await one(line(agent), 'nginx', on);
  assert.equal([person.event?.category, person.event?.source, person.event?.sinks], ['page_view', 'nginx', null]);
  assert.is(at(person, 'usage').output?.counted, true);
  const crawler = await one(line('"Googlebot/2.1"'), 'nginx', on);
  assert.equal(crawler.event?.sinks, ['usage']);
  assert.is(at(crawler, 'mongodb').outcome, 'not_addressed');
  assert.is(at(crawler, 'usage').output?.reason, 'robot');
  const off = await one(line(agent), 'nginx', { USAGE: 'off' });
  assert.match(off.refused[0]?.message ?? '', 'NGINX_TRAFFIC_EVENTS (off)');
  const strange = await one('nonsense', 'nginx', on);
  assert.match(strange.refused[0]?.message ?? '', 'not of the format NGINX_LOG_FORMAT: xxxxxxxx');
});

test('an upload of a page is its events, and what is wrong with one of them', async () => {
  const upload = {
    api_key: 'k',
    events: [{ event_type: 'clicked', device_id: 'd', insert_id: 'i' }, { device_id: 'd' }],
  };
  const [good, bad] = await explainer()(JSON.stringify(upload), 'amplitude');
  assert.equal([good?.event?.category, good?.event?.source], ['clicked', 'browser']);
  assert.equal(bad?.refused, [{ field: 'event_type', message: 'event_type is missing' }]);
});

test('what is too old, too early or impossible for a destination says so, and others have it', async () => {
  const old = await one({ ...view, created: now - 73 * 3_600_000 });
  assert.equal([at(old, 'ga4').outcome, at(old, 'mongodb').outcome], ['too_old', 'delivered']);
  const early = await one({ ...view, created: now + 3_600_000 });
  assert.equal([at(early, 'ga4').outcome, at(early, 'amplitude').outcome], ['refused', 'delivered']);
  assert.match(at(early, 'ga4').reason ?? '', 'in the future');
  const late = await one({ ...view, created: 9_500_000_000_000 });
  assert.match(at(late, 'influxdb').reason ?? '', 'year 2262');
  const down = await one({
    category: 'service_status',
    type: 'down',
    service_name: 'c',
    created: now - 2 * 86_400_000,
  });
  assert.is(at(down, 'notify').outcome, 'too_old');
});

test('what does not fit is noted: cut, left out, kept elsewhere', async () => {
  const fields = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, index]));
  const long = 'x'.repeat(70_000);
  const found = await one(`${JSON.stringify({ ...view, long, _id: 'own', ...fields }).slice(0, -1)},"big":1e400}`);
  const said = (sink: string) => at(found, sink).notes.map(({ what, field }) => `${field}: ${what}`);
  assert.ok(said('mongodb').some(note => note.startsWith('_id: kept as _id_original')));
  assert.ok(said('influxdb').includes('long: cut to 65,535 bytes'), said('influxdb').join('\n'));
  assert.ok(said('influxdb').includes('f299: kept as JSON, in other_fields'));
  assert.ok(said('amplitude').includes('long: cut to 1024 characters'));
  assert.ok(said('ga4').includes('f299: left out: at most 25 parameters'));
});

test('notifications: which rule would notify whom, in which words', async () => {
  const down = await one({ category: 'service_status', type: 'down', service_name: 'clowder', created: now });
  const { rules } = at(down, 'notify').output as { rules: { channels: string[]; message: Record<string, unknown> }[] };
  const [rule] = rules;
  assert.equal(rule?.channels, ['notify.slack']);
  assert.equal([rule?.message.subject, rule?.message.after_seconds], ['clowder is down', 3]);
  assert.is(at(down, 'notify.slack').outcome, 'filtered');
});

test('a sink that cannot start holds its events, and says why', async () => {
  const found = await one(view, 'event', { USAGE_ROBOTS_FILE: '/nowhere/robots.txt' });
  assert.is(at(found, 'usage').outcome, 'held');
  assert.match(at(found, 'usage').reason ?? '', 'USAGE_ROBOTS_FILE');
  assert.is(at(found, 'mongodb').outcome, 'delivered');
});

test('what is known beside an event is added as on delivery, and nothing is learnt', async () => {
  const explain = explainer(
    {},
    {
      context: {
        load: () => undefined,
        preview: event => ({ ...event, fields: { ...event.fields, space_id: 's' }, context: { space_id: 's' } }),
      },
    },
  );
  const [found] = await explain(JSON.stringify(view), 'event');
  assert.equal(at(found!, 'mongodb').context, ['space_id']);
  assert.is(part(found!, 'mongodb', 'document').space_id, 's');
  assert.equal(at(found!, 'amplitude').personal, undefined);
});

test('what a text looks like says what it is', () => {
  const kinds: [string, InputKind][] = [
    ['{"category":"upload"}', 'event'],
    ['[{"category":"upload"}]', 'event'],
    ['{"category":"a"}\n{"category":"b"}', 'event'],
    ['{"specversion":"1.0","type":"a"}', 'cloudevent'],
    ['{"api_key":"k","events":[]}', 'amplitude'],
    ['127.0.0.1 - - [x]', 'nginx'],
  ];
  for (const [text, kind] of kinds) assert.is(guessKind(text), kind, text);
});

test.run();
