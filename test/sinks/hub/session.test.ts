import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { hubSink } from '../../../src/sinks/hub.js';
import { submissionCategory } from '../../../src/usage/submissions.js';
import { collectingLog, eventOf, sinkTools } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/wait.js';
import { everyMonth, type HubScene, startHub } from './scene.js';

const test = suite<HubScene>('hub: one report a month');

test.before.each(async context => {
  Object.assign(context, await startHub());
});
test.after.each(({ hub }) => hub.stop());

const month = '2026-03';

/** The one report that the hub has, and how many requests it says. */
function only({ hub }: HubScene): number {
  assert.equal(hub.months(), [month]);
  const [report] = hub.reports.values();
  const [{ performance }] = report!['report-datasets'] as unknown as [
    { performance: { instance: { 'metric-type': string; count: number }[] }[] },
  ];
  return performance[0]!.instance.find(one => one['metric-type'] === 'total-dataset-requests')!.count;
}

test('the first submission creates the report, the next replaces it by its id, also after a restart', async context => {
  const { hub, usage, submit } = context;
  assert.is(await submit(month), undefined);
  usage.requests = 4;
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT']);
  assert.is(only(context), 4);
  assert.is(await submit('2026-02'), undefined);
  assert.equal(hub.months(), ['2026-02', month]);
  const [asked] = hub.asked;
  assert.is(asked?.headers['content-type'], 'application/json');
  assert.is(asked?.headers.accept, 'application/json');
});

test('202: taken and not yet checked', async context => {
  const { hub, open, submit } = context;
  hub.queues = true;
  const log = collectingLog();
  const session = await open({ log });
  const event = eventOf({ category: submissionCategory, month }, { source: 'usage' });
  assert.equal(await session.write([event], new AbortController().signal), { rejected: [] });
  assert.match(log.lines.join(), '"how":"accepted"');
  assert.is(await submit(month), undefined);
  assert.is(only(context), 3);
});

test('422: a dead letter with the words of the hub, and nothing is submitted', async ({ hub, submit }) => {
  hub.faults.push({ status: 422, body: '{"errors":[{"title":"publisher-id is unknown"}]}' });
  assert.match((await submit(month)) ?? '', 'publisher-id is unknown');
  assert.equal(hub.months(), []);
  assert.is(await submit(month), undefined, 'sent again, it is taken');
  assert.equal(hub.methods(), ['POST', 'POST']);
});

test('422 with the id of a report that the hub keeps all the same: the next replaces it', async context => {
  const { hub, submit } = context;
  hub.faults.push(() => {
    hub.reports.set('kept', { 'report-header': {} } as never);
    return { status: 422, body: '{"report":{"id":"kept"}}' };
  });
  assert.match((await submit(month)) ?? '', '422');
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT']);
  assert.is(only(context), 3);
});

for (const status of [500, 502, 503, 504])
  test(`${status}, though the report was taken: it is found in the list and replaced`, async context => {
    const { hub, submit, usage } = context;
    hub.faults.push({ status, processed: true });
    assert.instance(await thrown(submit(month)), TransientError);
    usage.requests = 5;
    assert.is(await submit(month), undefined);
    assert.equal(hub.methods(), ['POST', 'GET', 'PUT']);
    assert.is(only(context), 5);
  });

test('500, and the report was not taken: it is posted again', async context => {
  const { hub, submit } = context;
  hub.faults.push({ status: 500 });
  assert.instance(await thrown(submit(month)), TransientError);
  assert.is(await submit(month), undefined);
  // What is answered to a second POST may be what the first one made: it is replaced.
  assert.equal(hub.methods(), ['POST', 'GET', 'POST', 'PUT']);
  assert.is(only(context), 3);
});

for (const cut of ['before', 'middle'] as const)
  test(`the connection is cut ${cut} the answer, after the report was taken: one report`, async context => {
    const { hub, submit, usage } = context;
    hub.faults.push({ cut, processed: true });
    assert.instance(await thrown(submit(month)), TransientError);
    usage.requests = 6;
    assert.is(await submit(month), undefined);
    assert.is(only(context), 6);
  });

test('a hub that is so slow that the write is given up, and takes the report all the same: it is found', async context => {
  const { hub, open, submit } = context;
  hub.faults.push({ delayMs: 500 });
  const session = await open();
  const event = eventOf({ category: submissionCategory, month }, { source: 'usage' });
  const givenUp = new AbortController();
  const failure = thrown(session.write([event], givenUp.signal));
  await until(() => hub.methods().length === 1, 'a report on its way');
  givenUp.abort();
  assert.instance(await failure, TransientError);
  await until(() => hub.reports.size === 1, 'a report at the hub');
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'GET', 'PUT']);
  assert.is(only(context), 3);
});

test('the answer is lost, and the list has many pages of reports: it is found on a later one', async context => {
  const { hub, submit } = context;
  hub.faults.push({ cut: 'before', processed: true });
  await thrown(submit(month));
  hub.pageSize = 90;
  const [[id, report] = []] = hub.reports;
  hub.reports.clear();
  for (let number = 0; number < 250; number += 1) {
    const period = { 'begin-date': '2001-01-01', 'end-date': '2001-01-31' };
    hub.reports.set(`old-${number}`, {
      ...report!,
      'report-header': { ...report!['report-header'], 'reporting-period': period },
    });
  }
  hub.reports.set(id!, report!);
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'GET', 'GET', 'GET', 'PUT']);
  assert.is(hub.writes.get(id!), 2);
});

test('the answer is lost, and the hub knows the month but lists nothing of it: it is replaced after a second POST', async context => {
  const { hub, submit, usage } = context;
  hub.knowsMonths = true;
  hub.faults.push({ cut: 'before', processed: true }, { status: 200, body: '{"reports":[]}' });
  await thrown(submit(month));
  usage.requests = 8;
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'GET', 'POST', 'PUT']);
  assert.is(only(context), 8);
});

test('the answer is lost, and the hub has no list: a person has to look', async context => {
  const { hub, submit } = context;
  hub.lists = false;
  hub.faults.push({ cut: 'before', processed: true });
  await thrown(submit(month));
  assert.match((await submit(month)) ?? '', 'does not list its reports');
  const [id] = hub.reports.keys();
  assert.is(await submit(month, { report_id: id }), undefined);
  assert.is(only(context), 3);
  assert.is(await submit(month), undefined);
  assert.is(hub.methods().at(-1), 'PUT');
});

test('the answer is lost, the hub has no list and not the report: sent again by a person, it is posted', async context => {
  const { hub, submit } = context;
  hub.lists = false;
  hub.faults.push({ cut: 'before', processed: false });
  await thrown(submit(month));
  assert.match((await submit(month)) ?? '', 'does not list its reports');
  assert.is(await submit(month), undefined);
  assert.is(only(context), 3);
});

test('an error of the server, and the hub has no list: it is tried again', async context => {
  const { hub, submit } = context;
  hub.lists = false;
  hub.faults.push({ status: 500 }, { status: 503 });
  await thrown(submit(month));
  await thrown(submit(month));
  assert.is(await submit(month), undefined);
  assert.is(only(context), 3);
});

test('the answer is lost, and what is sent again is refused: that the first may be there is not forgotten', async context => {
  const { hub, submit } = context;
  const listsNothing = { status: 200, body: '{"reports":[]}' };
  hub.faults.push({ cut: 'before', processed: true }, listsNothing, { status: 429 }, listsNothing, { status: 500 });
  for (let time = 0; time < 3; time += 1) assert.instance(await thrown(submit(month)), TransientError);
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'GET', 'POST', 'GET', 'POST', 'GET', 'PUT']);
  assert.is(only(context), 3);
});

test('an id that a person names and the hub does not have changes nothing', async context => {
  const { hub, submit } = context;
  await submit(month);
  assert.match((await submit(month, { report_id: 'other' })) ?? '', 'no report other');
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT', 'PUT']);
  assert.is(only(context), 3);
});

test('it never reached the hub: it is posted, and nobody is asked', async context => {
  const { hub, submit } = context;
  await hub.stop();
  assert.match(String(await thrown(submit(month))), 'nothing listens there');
  await hub.start();
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST']);
  assert.is(only(context), 3);
});

test('201 without an id: the list has it', async context => {
  const { hub, submit } = context;
  hub.saysIds = false;
  assert.is(await submit(month), undefined);
  assert.is(await submit(month), undefined);
  assert.is(only(context), 3);
  hub.lists = false;
  assert.match((await submit('2026-02')) ?? '', 'without the id');
});

test('the report is gone at the hub: it is posted anew', async context => {
  const { hub, submit } = context;
  await submit(month);
  hub.reports.clear();
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT', 'GET', 'POST']);
  assert.is(only(context), 3);
});

test('a hub that wrongly says that it lacks the report, and would take another: the one that it lists is replaced', async context => {
  const { hub, submit, usage } = context;
  await submit(month);
  hub.faults.push({ status: 404 });
  usage.requests = 4;
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT', 'GET', 'PUT']);
  assert.is(only(context), 4);
  hub.faults.push({ status: 404 }, undefined, { status: 404 });
  usage.requests = 5;
  const fault = await thrown(submit(month));
  assert.instance(fault, TransientError);
  assert.match(String(fault), 'and does not have it');
  assert.is(only(context), 4, 'no second one is made');
  assert.is(await submit(month), undefined);
  assert.is(only(context), 5);
});

for (const [what, isKnown] of [
  ['whose id is known', true],
  ['that may have been taken', false],
] as const)
  test(`a hub that goes on to name a report ${what}, and not to have it: a dead letter after a while, and no second report`, async context => {
    const { hub, submit } = context;
    if (!isKnown) hub.faults.push({ status: 500, processed: true });
    await submit(month).catch(() => undefined);
    let outcome: string | undefined;
    let tries = 0;
    for (const puts = isKnown ? 2 : 1; outcome === undefined && tries < 100; tries += 1) {
      const gone = { status: 404 };
      hub.faults.push(...(puts === 2 ? [gone, undefined, gone] : [undefined, gone]));
      outcome = await submit(month).catch((error: unknown) => {
        assert.instance(error, TransientError);
        return undefined;
      });
    }
    assert.match(outcome ?? '', /does not have it: it was asked 30 times/);
    assert.is(tries, 30);
    assert.is(hub.methods().filter(method => method === 'POST').length, 1);
    assert.is(only(context), 3);
  });

test('a hub without a list that says that it lacks the report gets it anew', async context => {
  const { hub, submit } = context;
  hub.lists = false;
  await submit(month);
  hub.reports.clear();
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT', 'GET', 'POST']);
  assert.is(only(context), 3);
});

test('a hub that says once that it lacks the report, and then fails: the report is replaced, not made again', async context => {
  const { hub, submit, usage } = context;
  await submit(month);
  hub.lists = false;
  hub.faults.push({ status: 404 }, undefined, { status: 503 });
  assert.instance(await thrown(submit(month)), TransientError);
  usage.requests = 4;
  assert.is(await submit(month), undefined);
  assert.equal(hub.methods(), ['POST', 'PUT', 'GET', 'POST', 'PUT']);
  assert.is(only(context), 4);
  // And when it refuses.
  hub.faults.push({ status: 404 }, undefined, { status: 422 });
  assert.match((await submit(month)) ?? '', '422');
  usage.requests = 5;
  assert.is(await submit(month), undefined);
  assert.is(only(context), 5);
});

test('a report of the same name that is of others is not taken over, and its id is not kept', async context => {
  const { hub, submit } = context;
  hub.faults.push({ status: 500 });
  assert.instance(await thrown(submit(month)), TransientError);
  const period = { 'begin-date': `${month}-01`, 'end-date': `${month}-31` };
  const header = { 'report-id': 'DSR', 'created-by': 'Example Archive', 'reporting-period': period };
  hub.reports.set('of-others', { 'report-header': header, 'report-datasets': [] } as never);
  hub.faults.push(undefined, { status: 403 });
  assert.instance(await thrown(submit(month)), SetupError);
  assert.equal(hub.methods(), ['POST', 'GET', 'PUT']);
  hub.reports.delete('of-others');
  assert.is(await submit(month), undefined);
  // It is looked for again, and made: the id of the others was forgotten.
  assert.equal(hub.methods().slice(3), ['GET', 'POST', 'PUT']);
  assert.is(only(context), 3);
});

test('a hub that takes compressed reports alone gets them, and from then on nothing else', async context => {
  const { hub, submit, open } = context;
  hub.gzipOnly = true;
  const session = await open();
  for (const one of [month, '2026-02']) {
    const event = eventOf({ category: submissionCategory, month: one }, { source: 'usage' });
    assert.equal(await session.write([event], new AbortController().signal), { rejected: [] });
  }
  assert.equal(
    hub.asked.map(({ headers }) => headers['content-type']),
    ['application/json', 'application/gzip', 'application/gzip'],
  );
  const [{ 'report-header': header } = {} as never] = hub.reports.values();
  const exception = header.exceptions.find(({ code }) => code === 69);
  assert.is(exception?.['help-url'], 'https://github.com/datacite/sashimi');
  assert.is(await submit(month), undefined);
  assert.equal(hub.months(), ['2026-02', month]);
});

test('a large report is compressed', async context => {
  const { hub } = context;
  const usage = everyMonth({ titles: Array.from({ length: 40 }, (_, number) => `${number} ${'x'.repeat(150_000)}`) });
  const session = await context.open({ reported: usage });
  const event = eventOf({ category: submissionCategory, month }, { source: 'usage' });
  assert.equal(await session.write([event], new AbortController().signal), { rejected: [] });
  assert.is(hub.asked[0]?.headers['content-encoding'], 'gzip');
  assert.equal(hub.months(), [month]);
});

test('a wrong token is a fault of the setup, and so is an address where there is no hub', async ({ hub, usage }) => {
  const opened = await hubSink.open({ url: hub.origin, token: 'another' }, sinkTools({ reported: usage }));
  const event = eventOf({ category: submissionCategory, month }, { source: 'usage' });
  const signal = new AbortController().signal;
  const locked = await thrown(opened.write([event], signal));
  assert.instance(locked, SetupError);
  assert.match(String(locked), 'check USAGE_HUB_TOKEN');
  assert.not.match(String(locked), 'another');
  assert.match(String(await thrown(opened.probe(signal))), 'check USAGE_HUB_TOKEN');
  const elsewhere = await hubSink.open({ url: `${hub.origin}/x`, token: hub.token }, sinkTools({ reported: usage }));
  assert.match(String(await thrown(elsewhere.write([event], signal))), 'check USAGE_HUB_URL');
  const checked = await hubSink.check!.open!({ url: `${hub.origin}/x`, token: hub.token }, sinkTools());
  assert.match(String(await thrown(checked.probe(signal))), 'check USAGE_HUB_URL');
  assert.equal(hub.months(), []);
});

test('what cannot be submitted is refused before anybody is asked', async ({ hub, open, submit }) => {
  assert.match((await submit('2026-13')) ?? '', 'month');
  assert.match((await submit('2999-01')) ?? '', 'is not over');
  const write = (event: ReturnType<typeof eventOf>, tools = {}) =>
    open(tools).then(session => session.write([event], new AbortController().signal));
  const ofAPage = eventOf({ category: submissionCategory, month }, { source: 'browser' });
  assert.match((await write(ofAPage)).rejected?.[0]?.reason ?? '', 'only the daemon itself');
  const asked = eventOf({ category: submissionCategory, month }, { source: 'usage' });
  assert.match(String(await thrown(write(asked, { reported: undefined }))), 'set USAGE=on');
  const nobody = everyMonth({ publisherId: undefined as never });
  assert.match(String(await thrown(write(asked, { reported: nobody }))), 'set USAGE_PUBLISHER_ID');
  const nameless = everyMonth();
  Object.assign(nameless, { config: { ...nameless.config, platform: undefined, publisher: undefined } });
  assert.match(String(await thrown(write(asked, { reported: nameless }))), 'set USAGE_PLATFORM');
  assert.match(
    (await write(asked, { reported: everyMonth({ titles: [] }) })).rejected?.[0]?.reason ?? '',
    'no dataset',
  );
  assert.equal(hub.asked, []);
});

test.run();
