import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchLeaks } from '../helpers/leaks.js';
import { type ClowderContent, clowder1, clowder2, clowderId } from '../helpers/servers/clowder.js';
import type { StandIn } from '../helpers/servers/stand-in.js';
import { until } from '../helpers/wait.js';
import { withStorage } from '../storage/scratch.js';
import { eventOf, heard, openContext } from './asking.js';

const test = suite();
watchLeaks(test);

const file = clowderId('f1');
const hidden = clowderId('f2');
const dataset = clowderId('d1');
const space = clowderId('a1');
const owner = '5a0000000000000000000001';
const content: ClowderContent = {
  files: { [file]: { name: 'rain "2024".csv', dataset }, [hidden]: { name: 'secret', dataset, isPrivate: true } },
  datasets: { [dataset]: { name: 'Rain', spaces: [space], collections: [clowderId('c1')] } },
  spaces: { [space]: 'Weather' },
  adminKey: 'admin',
};
const view = (id: string) => eventOf({ type: 'file', url: `/files/${id}`, resource_id: id });

async function withClowder(server: StandIn, body: (server: StandIn) => Promise<void>): Promise<void> {
  await server.start();
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

test('without CLOWDER_URL events tell of each other, and nothing is added that an event says itself', async () => {
  const { context } = await openContext();
  const seen = eventOf({ category: 'view_resource', type: 'file', resource_id: file, resource_name: 'rain.csv' });
  context.hear(seen);
  assert.is(context.addTo(seen), seen);
  context.hear(eventOf({ category: 'delete', type: 'file', resource_id: file, dataset_id: dataset, space_id: space }));
  const added = context.addTo(view(file));
  assert.equal(added.context, {
    resource_name: 'rain.csv',
    file_id: file,
    dataset_id: dataset,
    space_id: space,
  });
  assert.equal(added.fields, { ...view(file).fields, ...added.context });
  assert.equal([added.id, added.body], [view(file).id, view(file).body]);
  await context.close();
});

test('an event without resources is the very same object; so is one of which nothing is known', async () => {
  const { context } = await openContext();
  for (const event of [eventOf({ url: '/' }), eventOf({ resource_id: 'no-id-of-clowder' }), view(file)]) {
    context.hear(event);
    assert.is(context.addTo(event), event);
  }
  await context.close();
});

for (const source of ['replay', 'usage'] as const) {
  test(`what is said again (${source}) teaches nothing, and stays as it was`, async () => {
    const { context } = await openContext();
    const fields = { category: 'delete', type: 'file', resource_id: file, dataset_id: dataset, space_id: space };
    context.hear({ ...eventOf(fields), source });
    assert.is(context.of(view(file)), undefined);
    context.hear(eventOf(fields));
    assert.is(context.of(view(file))?.dataset_id, dataset);
    const again = { ...view(file), source };
    assert.is(context.addTo(again), again);
    await context.close();
  });
}

test('the query of its address tells where a file is, until somebody says so who is believed', async () => {
  const { context } = await openContext();
  const page = eventOf({ type: 'file', url: `/files/${file}?dataset=${dataset}&space=${space}`, resource_id: file });
  context.hear(page);
  assert.equal(context.of(page), { file_id: file, dataset_id: dataset, space_id: space });
  const download = eventOf({
    category: 'resource_download',
    type: 'file',
    url: `/files/${file}/blob`,
    resource_id: file,
  });
  assert.is(context.of(download)?.dataset_id, dataset);
  const other = clowderId('d2');
  context.hear(eventOf({ category: 'download', type: 'file', resource_id: file, dataset_id: other }));
  context.hear(page);
  assert.is(context.of(download)?.dataset_id, other);
  await context.close();
});

test('a page teaches nothing, and a log line no more than an address does', async () => {
  const { context } = await openContext();
  const says = { type: 'file', resource_id: file, resource_name: 'mine', dataset_id: dataset };
  context.hear({ ...eventOf(says), source: 'browser' });
  assert.is(context.of(view(file)), undefined);
  context.hear({ ...eventOf({ type: 'file', resource_id: file, dataset_id: clowderId('d2') }), source: 'clowder' });
  context.hear({ ...eventOf(says), source: 'nginx' });
  assert.is(context.of(view(file))?.dataset_id, clowderId('d2'));
  const shown = { ...view(file), source: 'browser' } as const;
  assert.is(context.addTo(shown).context?.dataset_id, clowderId('d2'));
  await context.close();
});

test('a request that was refused teaches nothing, asks nothing, and is shown what is known', async () =>
  withClowder(clowder1(content), async ({ origin }) => {
    const { context } = await openContext({ url: origin });
    const made = { ...view(clowderId('f9')).fields, url: `/files/${clowderId('f9')}?dataset=${clowderId('d9')}` };
    for (const status of [400, 404, 500]) context.hear(eventOf({ ...made, status }));
    assert.equal([context.status.waiting, context.status.resources], [0, 0]);
    const said = { category: 'download', type: 'file', resource_id: file, dataset_id: dataset };
    await heard(context, eventOf(said));
    assert.is(context.of(eventOf({ ...view(file).fields, status: 404 }))?.dataset_id, dataset);
    await context.close();
  }));

test('pages that make up ids leave room for what the log and Clowder name', async () => {
  const { context } = await openContext({ url: 'http://127.0.0.1:1' });
  const madeUp = (index: number) => view(index.toString(16).padStart(24, '0'));
  for (let index = 0; index < 300; index += 1) context.hear({ ...madeUp(index), source: 'browser' });
  assert.is(context.status.waiting, 100);
  context.hear(view(file));
  assert.is(context.status.waiting, 101);
  await context.close();
});

test('a field that the event has wins, even when it is null', async () => {
  const { context } = await openContext();
  context.hear(eventOf({ category: 'delete', type: 'file', resource_id: file, dataset_id: dataset, space_id: space }));
  const own = { type: 'file', resource_id: file, space_id: null, dataset_id: clowderId('d9') };
  const added = context.addTo(eventOf(own));
  assert.equal([added.fields.space_id, added.fields.dataset_id], [null, clowderId('d9')]);
  await context.close();
});

test('Clowder 1 with the key of an administrator: the report leads from a file to its dataset', async () =>
  withClowder(clowder1(content), async ({ origin, asked }) => {
    const { context } = await openContext({ url: origin, apiKey: 'admin' });
    await heard(context, view(file));
    assert.equal(context.of(view(file)), {
      resource_name: 'rain "2024".csv',
      author_id: owner,
      file_id: file,
      dataset_id: dataset,
      dataset_name: 'Rain',
      space_id: space,
      space_name: 'Weather',
      collection_id: clowderId('c1'),
    });
    assert.equal(
      asked.map(({ url }) => url.pathname),
      [`/api/files/${file}/metadata`, '/api/reports/metrics/files', `/api/datasets/${dataset}`, `/api/spaces/${space}`],
    );
    assert.is(context.status.clowder, 1);
    // All files were in the report.
    await heard(context, view(hidden));
    assert.is(context.of(view(hidden))?.dataset_name, 'Rain');
    assert.is(asked.length, 4);
    await context.close();
  }));

test('Clowder 1 without a key: a file is found among the files of datasets that are known', async () =>
  withClowder(clowder1(content), async ({ origin, asked }) => {
    const { context } = await openContext({ url: origin });
    await heard(context, eventOf({ category: 'view_resource', type: 'dataset', resource_id: dataset }));
    await heard(context, view(file));
    assert.equal(context.of(view(file)), {
      resource_name: 'rain "2024".csv',
      file_id: file,
      dataset_id: dataset,
      dataset_name: 'Rain',
      space_id: space,
      space_name: 'Weather',
    });
    assert.ok(asked.every(({ headers }) => headers['x-api-key'] === undefined));
    assert.not(asked.some(({ url }) => url.pathname.includes('reports')));
    await context.close();
  }));

test('Clowder 2: the summary of a file names its dataset, and people leave no name here', async () => {
  for (const apiKey of ['admin', undefined]) {
    await withClowder(clowder2(content), async ({ origin, asked }) => {
      const { context } = await openContext({ url: origin, ...(apiKey === undefined ? {} : { apiKey }) });
      await heard(context, view(file));
      assert.equal(context.of(view(file)), {
        resource_name: 'rain "2024".csv',
        author_id: owner,
        file_id: file,
        dataset_id: dataset,
        dataset_name: 'Rain',
      });
      assert.is(context.status.clowder, 2);
      const prefix = apiKey === undefined ? 'public_' : '';
      assert.equal(
        asked.map(({ url }) => url.pathname),
        [
          `/api/files/${file}/metadata`,
          `/api/v2/${prefix}files/${file}/summary`,
          `/api/v2/${prefix}datasets/${dataset}`,
        ],
      );
      await context.close();
    });
  }
});

test('what is private or missing is asked about once, and leaves its events as they are', async () => {
  for (const start of [clowder1, clowder2]) {
    await withClowder(start(content), async ({ origin, asked }) => {
      const { context, lines } = await openContext({ url: origin });
      await heard(context, view(file));
      const before = asked.length;
      for (let n = 0; n < 3; n += 1) {
        await heard(context, view(hidden), view(clowderId('f9')));
        assert.is(context.addTo(view(hidden)).context, undefined);
        assert.is(context.addTo(view(clowderId('f9'))).context, undefined);
      }
      assert.is(asked.length, before + 2);
      assert.equal(lines, []);
      assert.is(context.status.obstacle, null);
      await context.close();
    });
  }
});

test('a refused key, a page, a redirect, an answer cut short: said once, and tried again', async () => {
  const page = { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } };
  const redirect = { status: 301, headers: { location: 'https://elsewhere/' } };
  const cases = [
    [page, /answers with a page/],
    [redirect, /redirect: set CLOWDER_URL/],
    [{ status: 503, body: 'later' }, /answered 503 \(later\)/],
    [{ status: 200, body: '{"id":' }, /something else/],
    [{ status: 200, body: '{"id":7}' }, /something else than what was asked for/],
    [{ cut: 'middle', processed: false }, /127\.0\.0\.1/],
  ] as const;
  for (const [fault, words] of cases) {
    await withClowder(clowder1(content), async server => {
      server.always = fault;
      const { context, lines } = await openContext({ url: server.origin, apiKey: 'admin', maxSleepMs: 10 });
      context.hear(view(file));
      await until(() => server.asked.length >= 3, 'three tries');
      assert.match(context.status.obstacle?.reason ?? '', words);
      assert.equal(
        lines.map(({ line }) => line),
        ['clowder.unanswered'],
      );
      server.always = undefined;
      await until(() => context.of(view(file))?.space_name === 'Weather' || undefined, 'an answer');
      assert.is(context.status.obstacle, null);
      await context.close();
    });
  }
  await withClowder(clowder2(content), async ({ origin }) => {
    const { context } = await openContext({ url: origin, apiKey: 'old', maxSleepMs: 10 });
    context.hear(view(file));
    const obstacle = await until(() => context.status.obstacle ?? undefined, 'the refusal');
    assert.match(obstacle.reason, /CLOWDER_API_KEY/);
    await context.close();
  });
});

test('one resource at which Clowder fails holds up no other', async () =>
  withClowder(clowder1(content), async server => {
    const bad = clowderId('f7');
    server.always = ({ url }) => (url.pathname.includes(bad) ? { status: 500, body: 'Oops' } : undefined);
    const { context } = await openContext({ url: server.origin, apiKey: 'admin', maxSleepMs: 10 });
    await heard(context, view(bad), view(file));
    assert.is(context.of(view(file))?.space_name, 'Weather');
    const tries = server.asked.filter(({ url }) => url.pathname.includes(bad)).length;
    assert.is(context.status.obstacle, null);
    await heard(context, view(bad));
    assert.is(server.asked.filter(({ url }) => url.pathname.includes(bad)).length, tries);
    await context.close();
  }));

test('10,000 events of 100 files ask 100 times at most', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [
      clowderId('f', n + 4096),
      { name: `file ${n}`, dataset: clowderId('d', n % 10) },
    ]),
  );
  const datasets = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [clowderId('d', n), { name: `dataset ${n}`, spaces: [space] }]),
  );
  const events = Object.keys(files).map(view);
  const views = Object.keys(datasets).map(id => eventOf({ category: 'x', type: 'dataset', resource_id: id }));
  const cases = [
    { start: clowder1, apiKey: 'admin', others: [], most: 15 },
    { start: clowder1, apiKey: undefined, others: views, most: 35 },
    // Nobody tells where they are.
    { start: clowder1, apiKey: undefined, others: [], most: 100 },
    { start: clowder2, apiKey: 'admin', others: [], most: 35 },
    { start: clowder2, apiKey: undefined, others: [], most: 35 },
  ];
  for (const { start, apiKey, others, most } of cases) {
    await withClowder(start({ ...content, files, datasets }), async ({ origin, asked }) => {
      const { context } = await openContext({
        url: origin,
        maxSleepMs: 1,
        ...(apiKey === undefined ? {} : { apiKey }),
      });
      for (const event of others) context.hear(event);
      for (let n = 0; n < 100; n += 1) for (const event of events) context.hear(event);
      await heard(context);
      assert.ok(asked.length <= most, `${asked.length} questions`);
      const known = events.filter(event => context.of(event)?.dataset_name !== undefined).length;
      assert.is(known, most === 100 ? 0 : 100);
      await heard(context, ...events);
      assert.ok(asked.length <= most, `${asked.length} questions, asked again`);
      await context.close();
    });
  }
});

test('with Clowder away nothing waits', async () =>
  withClowder(clowder1(content), async server => {
    server.always = { delayMs: 3_600_000 };
    const { context } = await openContext({ url: server.origin });
    const began = performance.now();
    for (let n = 0; n < 10_000; n += 1) {
      const event = view(clowderId('f', n % 100));
      assert.is(
        context.load(() => [event]),
        undefined,
      );
      context.hear(event);
      assert.is(context.addTo(event), event);
    }
    console.log(`10,000 events without an answer: ${Math.round(performance.now() - began)} ms`);
    await until(() => server.asked.length === 1, 'a question');
    await context.close();
    assert.is(server.asked.length, 1);
  }));

test('what was learnt is there after a restart, with Clowder away', async () =>
  withStorage(async storage => {
    const server = clowder1(content);
    await withClowder(server, async ({ origin }) => {
      const { context } = await openContext({ url: origin, apiKey: 'admin', storage });
      await heard(context, view(file));
      await context.close();
    });
    const { context, lines } = await openContext({ url: server.origin, apiKey: 'admin', storage });
    context.hear(view(file));
    assert.is(context.of(view(file))?.space_name, 'Weather');
    // Nothing was too old to be good.
    assert.is(context.status.waiting, 0);
    assert.equal(lines, []);
    await context.close();
  }));

test.run();
