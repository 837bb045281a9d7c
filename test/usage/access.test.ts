import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dayOf, monthOf } from '../../src/calendar.js';
import type { Event, Fields } from '../../src/events/event.js';
import { itemOf } from '../../src/usage/item.js';
import { access, datasetId, day, download, fileId, UsageScene, view } from './scene.js';

/** What a list of accesses comes to, as `investigations/unique requests/unique`. */
const tables: Record<string, readonly (readonly [what: string, events: readonly Event[], expected: string])[]> = {
  'double clicks': [
    ['29 s apart are one', [view('10:01:00'), view('10:01:29')], '1/1 0/0'],
    ['30 s apart are one', [view('10:01:00'), view('10:01:30')], '1/1 0/0'],
    ['30.001 s apart are two', [view(day), view(day + 30_001)], '2/1 0/0'],
    ['35 s apart are two', [view('10:01:00'), view('10:01:35')], '2/1 0/0'],
    ['a chain is one', [view('10:01:00'), view('10:01:29'), view('10:01:58'), view('10:02:27')], '1/1 0/0'],
    ['a chain and one more', [view('10:01:00'), view('10:01:29'), view('10:02:00')], '2/1 0/0'],
    ['another address is another click', [view('10:01:00'), view('10:01:10', { url: '/datasets/x?a' })], '2/1 0/0'],
    ['another user is another click', [view('10:01:00'), view('10:01:10', { visitor: 'visitor 2' })], '2/2 0/0'],
    ['downloads too', [download('10:01:00'), download('10:01:29')], '1/1 1/1'],
    ['two at the same time are one', [view('10:01:00'), view('10:01:00')], '1/1 0/0'],
  ],
  'over the hour': [
    ['by address it is two', [view('12:59:50'), view('13:00:10')], '2/2 0/0'],
    ['by a login it is one', logins('u1', '12:59:50', '13:00:10'), '1/1 0/0'],
    ['by a cookie it is one', [view('12:59:50', { device_id: 'c' }), view('13:00:10', { device_id: 'c' })], '1/1 0/0'],
    ['anonymous is no login', logins('000000000000000000000000', '12:59:50', '13:00:10'), '2/2 0/0'],
    [
      'a session that is known goes on',
      [view('12:00:00', { session_id: 's' }), view('13:30:00', { session_id: 's' })],
      '2/1 0/0',
    ],
    ['a user by address has a session each hour', [view('12:00:00'), view('13:30:00')], '2/2 0/0'],
  ],
  'over midnight and the end of the month': [
    ['by a login it is one', logins('u1', day + 86_399_000, day + 86_400_000 + 29_000), '1/1 0/0'],
    ['it is two after 31 s', logins('u1', day + 86_399_000, day + 86_400_000 + 30_000), '2/2 0/0'],
    ['the month after', logins('u1', Date.UTC(2026, 3, 1) - 10_000, Date.UTC(2026, 3, 1) + 10_000), '1/1 0/0'],
    [
      'a session that is known ends with its day',
      [view(day - 3_600_000, { session_id: 's' }), view(day, { session_id: 's' })],
      '2/2 0/0',
    ],
  ],
  'status and method': [
    ['304 counts', [view('10:00:00', { status: 304 }), download('11:00:00', { status: 304 })], '2/2 1/1'],
    ['a source without status counts', [view('10:00:00', { status: undefined })], '1/1 0/0'],
    ['others do not', [404, 500, 499, 302, 204].map((status, hour) => view(`${hour}:00:00`, { status })), ''],
    ['HEAD does not', [download('10:00:00', { method: 'HEAD' })], ''],
  ],
  'parts of a file': [
    ['in one session are one request', parts('10:00:00', '10:10:00', '10:20:00'), '1/1 1/1'],
    [
      'under two addresses are one request',
      [...parts('10:00:00'), download('10:10:00', { status: 206, url: `/api/files/${fileId(1)}/blob` })],
      '1/1 1/1',
    ],
    ['in two sessions are two', parts('10:00:00', '10:10:00', '11:20:00'), '2/2 2/2'],
    ['of two files are two', [...parts('10:00:00'), download('10:01:00', { status: 206 }, 2)], '2/1 2/1'],
    ['after the whole are a request more', [download('10:00:00'), ...parts('10:10:00', '10:20:00')], '2/1 2/1'],
    ['right after the whole are the same click', [download('10:00:00'), ...parts('10:00:05', '10:20:00')], '1/1 1/1'],
  ],
  'one session': [
    [
      'twenty files are one unique request',
      Array.from({ length: 20 }, (_, n) => download(day + n, {}, n)),
      '20/1 20/1',
    ],
    ['a view and a file', [view('10:00:00'), download('10:00:10')], '2/1 1/1'],
  ],
};

function logins(user: string, ...times: readonly (string | number)[]): Event[] {
  return times.map(time => view(time, { user_id: user }));
}

function parts(...times: readonly string[]): Event[] {
  return times.map(time => download(time, { status: 206 }));
}

async function briefly(scene: UsageScene): Promise<string> {
  const [row] = await scene.usage.query({ by: 'dataset', from: 0, to: 99_999_999, limit: 1, offset: 0 });
  if (row === undefined) return '';
  const { investigations, uniqueInvestigations, requests, uniqueRequests } = row.regular;
  return `${investigations}/${uniqueInvestigations} ${requests}/${uniqueRequests}`;
}

for (const [rule, rows] of Object.entries(tables)) {
  for (const [what, events, expected] of rows) {
    test(`${rule}: ${what}`, async () => {
      const scene = new UsageScene();
      await scene.take(...events);
      assert.is(await briefly(scene), expected);
      const backwards = new UsageScene();
      for (const event of [...events].reverse()) {
        await backwards.take(event);
        await backwards.months();
      }
      assert.is(await briefly(backwards), expected, 'one by one, the last first, counted after each');
    });
  }
}

const curl = 'curl/8.5.0';
const askers: readonly (readonly [agent: string, fields: Fields, expected: 'regular' | 'machine' | string])[] = [
  ['python-requests/2.31', {}, 'machine'],
  ['python-requests/2.31', { agent_kind: 'extractor' }, 'extractor'],
  [curl, { agent_kind: 'person' }, 'machine'],
  ['Wget/1.21', {}, 'machine'],
  ['Java/17.0.2', {}, 'machine'],
  ['libcurl/7.1 r-curl/5.0 httr/1.4', {}, 'machine'],
  ['Go-http-client/1.1', {}, 'machine'],
  ['', {}, 'machine'],
  ['-', {}, 'machine'],
  ['Mozilla/5.0 (Plan9; mips) Unheard/1.0', {}, 'regular'],
  ['An own tool/1.0', { agent_kind: 'machine' }, 'machine'],
  ['Googlebot/2.1 (+http://www.google.com/bot.html)', {}, 'robot'],
  ['An own crawler/1.0', { agent_kind: 'crawler' }, 'robot'],
  ['pyclowder/3.0', {}, 'extractor'],
  ['event-sink/1.0.0 (health)', {}, 'probe'],
];

for (const [agent, fields, expected] of askers) {
  test(`who asks: "${agent}" ${JSON.stringify(fields)} is ${expected}`, async () => {
    const scene = new UsageScene();
    await scene.take(view('10:00:00', { user_agent: agent, ...fields }));
    const counted = [await scene.counts('regular'), await scene.counts('machine')];
    const found = counted.map(text => text !== undefined && !text.startsWith('0'));
    assert.equal(found, [expected === 'regular', expected === 'machine']);
    assert.equal(await scene.leftOut(), found.includes(true) ? {} : { [expected]: 1 });
  });
}

test('what is known of the agent without its name is enough', async () => {
  const scene = new UsageScene();
  await scene.take(
    ...['person', 'machine', 'crawler', undefined].map((kind, hour) =>
      view(`${hour}:00:00`, { user_agent: undefined, agent_kind: kind }),
    ),
  );
  assert.match(String(await scene.counts('regular')), /^1 inv/);
  assert.match(String(await scene.counts('machine')), /^2 inv/);
  assert.equal(await scene.leftOut(), { robot: 1 });
});

test('what is left out is counted by its reason, once, and never as usage', async () => {
  const scene = new UsageScene();
  const events = [
    view('10:00:00'),
    view('10:00:10'),
    view('10:00:00', { user_agent: 'bingbot/2.0' }),
    download('10:00:00', { url: `/files/${fileId(1)}/blob?tracking=false` }),
    download('10:00:00', { status: 404 }),
    access('10:00:00', 'page_view', { type: 'space', resource_id: 'space', url: '/spaces/space' }),
    access('10:00:00', 'page_view', { url: '/search?query=corn' }),
  ];
  await scene.take(...events);
  assert.is(await scene.take(...events), 5);
  assert.equal(await scene.leftOut(), { double_click: 1, preview: 1, robot: 1, unsuccessful: 1 });
  assert.is(await scene.counts(), '1 investigations (1 unique), 0 requests (0 unique), 0 bytes (0 of requests)');
});

test('one source counts; what another says is kept beside it', async () => {
  const scene = new UsageScene({ source: 'clowder' });
  const ids = { resource_id: fileId(1), dataset_id: datasetId(1), user_id: 'u1' };
  await scene.take(
    { ...access('10:00:00', 'download', { type: 'file', size: 70, ...ids }), source: 'clowder' },
    { ...access('10:00:01', 'download', { type: 'file', size: 70, ...ids }), source: 'clowder' },
    download('10:00:00'),
  );
  assert.is(await scene.counts(), '1 investigations (1 unique), 1 requests (1 unique), 70 bytes (70 of requests)');
  assert.equal(await scene.leftOut(), { double_click: 1, other_source: 1 });
});

test('where the browser is the source, what the snippet says of views and downloads counts', async () => {
  const said = (event: Event, category: string): Event => {
    const { status: _status, method: _method, bytes: _bytes, ...fields } = event.fields;
    return { ...event, category, source: 'browser', fields: { ...fields, category, source: 'browser' } };
  };
  const events = [
    said(view('10:00:00'), 'browser_page_view'),
    said(download('10:05:00'), 'browser_download'),
    view('11:00:00'),
  ];
  const [browser, nginx] = [new UsageScene({ source: 'browser' }), new UsageScene()];
  for (const scene of [browser, nginx]) await scene.take(...events);
  assert.is(await browser.counts(), '2 investigations (1 unique), 1 requests (1 unique), 0 bytes (0 of requests)');
  assert.is(await nginx.counts(), '1 investigations (1 unique), 0 requests (0 unique), 0 bytes (0 of requests)');
});

const dayMs = 86_400_000;
const year = (number: number): number => Date.UTC(number, 0, 1);
/** What came on 15 March 2026, and when it says that it was: whether it counts, by where it came in. */
const dates: readonly (readonly [
  what: string,
  source: Event['source'],
  created: number,
  expected: 'counts' | 'misdated',
])[] = [
  ['a page of the year 2999', 'browser', year(2999), 'misdated'],
  ['a page of 1971', 'browser', year(1971), 'misdated'],
  ['a page of 32 days ago', 'browser', day - 32 * dayMs, 'misdated'],
  ['a page of 30 days ago', 'browser', day - 30 * dayMs, 'counts'],
  ['a page that is an hour ahead', 'browser', day + 3_600_000, 'counts'],
  ['another client of the year 2999', 'http', year(2999), 'misdated'],
  ['another client of 1971', 'http', year(1971), 'counts'],
  ['a log of 2024', 'nginx', year(2024), 'counts'],
  ['an import of 2024', 'import', year(2024), 'counts'],
  ['an import of the year 2999', 'import', year(2999), 'misdated'],
];

for (const [what, source, created, expected] of dates) {
  test(`times: ${what} ${expected === 'counts' ? expected : 'is misdated'}`, async () => {
    const scene = new UsageScene({ source: source === 'browser' ? 'browser' : 'nginx' });
    const event: Event = { ...view(created), source, received: day };
    await scene.take(event);
    assert.is(await scene.take(event), 1, 'it is known when it comes again');
    const months = (await scene.usage.months()).map(({ month }) => month);
    assert.equal(months, expected === 'counts' ? [monthOf(dayOf(created))] : []);
    assert.equal(await scene.leftOut(), expected === 'counts' ? {} : { misdated: 1 });
    assert.is((await scene.months()).length, months.length);
  });
}

test('thousands of years that pages make up open no month, and are one day in the database', async () => {
  for (const source of ['nginx', 'browser'] as const) {
    const scene = new UsageScene({ source });
    const events = Array.from(
      { length: 3000 },
      (_, n): Event => ({
        ...view(year(2027 + n)),
        source: 'browser',
        received: day,
      }),
    );
    await scene.take(view(day), { ...view(day), source: 'browser', received: day }, ...events);
    assert.equal(
      (await scene.usage.months()).map(({ month }) => month),
      [202603],
    );
    assert.is(scene.scratch.database.value('SELECT count(*) FROM usage_days'), 1);
    assert.equal(
      await scene.leftOut(),
      source === 'browser' ? { misdated: 3000, other_source: 1 } : { other_source: 3001 },
    );
  }
});

/** A recording of what a page sent and of the log, in the ways in which it comes back, beside which of them counts. */
const page = (event: Event, category: string): Event => ({
  ...event,
  fields: { ...event.fields, category, source: 'browser' },
  category,
});
const recorded = [
  view('10:00:00'),
  page(view('10:00:01'), 'browser_page_view'),
  download('11:00:00'),
  page(download('11:00:01'), 'browser_download'),
  page(view('12:00:00'), 'page_view'),
  page(download('13:00:00'), 'resource_download'),
  page(access('14:00:00', 'download', { type: 'file', resource_id: fileId(1), dataset_id: datasetId(1) }), 'download'),
  access('15:00:00', 'view_resource', { type: 'dataset', resource_id: datasetId(1) }),
];
const bySource = { nginx: '2/2 1/1', clowder: '1/1 0/0', browser: '5/5 3/3' } as const;

for (const source of ['nginx', 'clowder', 'browser'] as const) {
  for (const by of ['import', 'replay'] as const) {
    test(`where ${source} is the source, events of pages count as those of pages after ${by}, too`, async () => {
      const scene = new UsageScene({ source });
      await scene.take(...recorded.map(event => ({ ...event, source: by, received: day + 40 * dayMs })));
      assert.is(await briefly(scene), bySource[source]);
      const live = new UsageScene({ source });
      await live.take(
        ...recorded.map(
          (event): Event => (event.fields.source === 'browser' ? { ...event, source: 'browser' } : event),
        ),
      );
      assert.is(await briefly(live), bySource[source], 'as when they first came');
    });
  }
}

test('what the snippet names counts as a page, whoever sends it and without a word of the source', async () => {
  const events = (['import', 'http', 'nginx'] as const).map(
    (source, hour): Event => ({ ...access(`${hour}:00:00`, 'browser_page_view', view(day).fields), source }),
  );
  const bare = events.map(event => ({ ...event, category: 'browser_page_view' }));
  const [browser, nginx] = [new UsageScene({ source: 'browser' }), new UsageScene()];
  for (const scene of [browser, nginx]) await scene.take(...bare);
  assert.is(await briefly(browser), '3/3 0/0');
  assert.is(await briefly(nginx), '');
});

test('what a page says of a dataset is not kept when it is imported either', () => {
  const said = {
    ...view('10:00:00', { resource_name: 'Another title', source: 'browser' }),
    source: 'import' as const,
  };
  assert.equal(itemOf(said, false)?.facts, []);
  assert.is(itemOf({ ...said, source: 'http' }, false)?.facts[0]?.[1].title, 'Another title');
});

test('a page says that a dataset was seen, and nothing of the dataset itself', () => {
  const pretended = { resource_name: 'Another title', author_name: 'Eve', author_id: 'eve', doi: '10.1/eve' };
  const spaces = { space_id: 'space of eve', space_name: 'Another name', space_ids: ['space of eve'] };
  const said = view('10:00:00', { ...pretended, ...spaces });
  const known = { space_id: 'space 1', space_name: 'Soils' };
  const [dataset, space] = itemOf({ ...said, source: 'browser', context: known }, false)?.facts ?? [];
  assert.equal(dataset, [datasetId(1), { type: 'dataset', spaces: ['space 1'] }]);
  assert.equal(space, ['space 1', { type: 'space', title: 'Soils' }]);
  assert.equal(itemOf({ ...said, source: 'browser' }, false)?.facts, []);
  assert.is(itemOf(said, false)?.facts[0]?.[1].title, 'Another title');
});

test('bytes are those of what counts, and of every part', async () => {
  const scene = new UsageScene();
  await scene.take(
    view('10:00:00', { bytes: 7 }),
    download('10:00:00'),
    download('10:00:10'),
    ...parts('11:00:00', '11:10:00'),
  );
  assert.is(await scene.counts(), '3 investigations (2 unique), 2 requests (2 unique), 307 bytes (300 of requests)');
});

test('a file without a dataset is an item of its own, and what is not known is counted as not known', async () => {
  const scene = new UsageScene();
  await scene.take(
    download('10:00:00', { dataset_id: undefined }),
    download('10:00:00', { dataset_id: undefined, resource_id: undefined, type: undefined, url: '/files/links/x' }),
  );
  const rows = await scene.usage.query({ by: 'dataset', from: 0, to: 99_999_999, limit: 9, offset: 0 });
  assert.equal(
    rows.map(({ key, regular }) => [key, regular.requests]),
    [
      [null, 1],
      [fileId(1), 1],
    ],
  );
});

test.run();
