import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary.js';
import { line } from '../../nginx/scene.js';
import { type Answer, type Asked, eventsIn, type FakeDaemon, fakeDaemon, invoke, type Outcome } from '../invoke.js';

interface Context {
  folder: TemporaryFolder;
  daemon: FakeDaemon;
  /** Answers in the place of the usual one. */
  answers: (Answer | 'hang up' | undefined)[];
}

const month = {
  month: '2024-03',
  accesses: 4,
  before: { regular: counts(3), machine: counts(0) },
  after: { regular: counts(4), machine: counts(0) },
};

function counts(requests: number) {
  return { total_dataset_investigations: 9, total_dataset_requests: requests, request_bytes: 100 };
}

const test = suite<Context>('import');
test.before.each(async context => {
  context.folder = temporaryFolder();
  context.answers = [];
  context.daemon = await fakeDaemon(asked => context.answers.shift() ?? taken(asked));
});
test.after.each(async ({ folder, daemon }) => {
  await daemon.close();
  folder.remove();
});

function taken(asked: Asked, changes: Record<string, unknown> = {}): Answer {
  if (asked.path.includes('/finish')) return { status: 200, body: month };
  const usual = { already_there: 0, sinks: ['local', 'usage'], refused: [], too_old: {}, closed: {}, reopened: [] };
  const accepted = eventsIn(asked).length;
  return { status: 202, body: { accepted, ...usual, durability: 'embedded', ...changes } };
}

function write({ folder }: Context, name: string, ...lines: readonly string[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

function run({ daemon, folder }: Context, words: readonly string[], onTerminal = false): Promise<Outcome> {
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k', DATA_DIR: join(folder.path, 'data') };
  mkdirSync(env.DATA_DIR, { recursive: true });
  return invoke(['import', ...words], { env, onTerminal });
}

const fieldsOf = ({ event }: Record<string, unknown>) => event as Record<string, unknown>;

const event = (n: number): string => `{"category":"upload","created":${1_709_544_703_342 + n}}`;

test('events of a file are sent with ids of their content, the same whenever they are sent', async context => {
  const file = write(context, 'events.ndjson', event(1), event(1), `{"id":"own",${event(2).slice(1)}`, 'bad');
  const first = await run(context, ['ndjson', file, '--sinks', 'mongodb,usage']);
  await run(context, ['ndjson', file, '--sinks', 'mongodb,usage']);
  const [one, two] = context.daemon.asked;
  assert.is(one?.path, '/v1/import?sinks=mongodb%2Cusage');
  assert.is(one?.body, two?.body);
  const sent = eventsIn(one!);
  assert.equal(
    sent.map(line => fieldsOf(line).category),
    ['upload', 'upload', 'upload'],
  );
  assert.is(sent[2]?.id, 'own');
  assert.is.not(sent[0]?.id, sent[1]?.id);
  assert.is(first.code, 0);
  const { read, accepted, refused, reasons } = JSON.parse(first.out);
  assert.equal([read, accepted, refused], [4, 3, 1]);
  assert.equal(reasons, { 'a line is not JSON': { count: 1, examples: ['events.ndjson, line 4'] } });
});

test('without --sinks the daemon decides; the times of --since and --until hold', async context => {
  const file = write(context, 'events.ndjson', event(0), event(60_000), event(120_000));
  const range = ['--since', '2024-03-04T09:32:00Z', '--until', '2024-03-04T09:33:00Z'];
  const { out } = await run(context, ['ndjson', file, ...range]);
  const [asked] = context.daemon.asked;
  assert.is(asked?.path, '/v1/import');
  assert.equal([eventsIn(asked!).length, JSON.parse(out).passed], [1, 2]);
});

test('a daemon that is busy is waited for; one that goes away ends it, and the same command goes on', async context => {
  const file = write(context, 'events.ndjson', ...Array.from({ length: 1_200 }, (_, n) => event(n)));
  context.answers.push({ status: 503, headers: { 'retry-after': '3' }, body: { detail: 'wait' } });
  const { code, slept } = await run(context, ['ndjson', file]);
  assert.equal([code, context.daemon.asked.length], [0, 4]);
  assert.ok(slept[0]! >= 3_000);
  context.answers.push(undefined, ...Array.from({ length: 6 }, () => 'hang up' as const));
  const failed = await run(context, ['ndjson', file]);
  assert.is(failed.code, 1);
  const before = context.daemon.asked.length;
  await run(context, ['ndjson', file]);
  assert.equal(
    context.daemon.asked.slice(before).map(({ body }) => body),
    context.daemon.asked.slice(1, 4).map(({ body }) => body),
  );
});

test('on a terminal the summary says in words what became of everything', async context => {
  const file = write(context, 'events.ndjson', event(0), event(1), '[]');
  context.answers.push(
    taken(
      { method: 'POST', path: '/v1/import', headers: {}, body: '{}\n{}' },
      {
        already_there: 1,
        refused: [{ index: 1, message: 'category is missing' }],
        too_old: { ga4: 1 },
        closed: { '2024-03': 1 },
      },
    ),
  );
  const { out } = await run(context, ['ndjson', file], true);
  const [second] = eventsIn(context.daemon.asked[0]!).slice(1);
  assert.match(out, /^3 lines read, 2 events accepted for local, usage in/);
  assert.match(out, '1 of them were here already');
  assert.match(out, '1 refused: a line is not a JSON object (events.ndjson, line 3)');
  assert.match(out, `1 refused: category is missing (${second?.id})`);
  assert.match(out, '1 event too old for ga4');
  assert.match(out, /1 event of 2024-03 not counted as usage.+--reopen/);
});

test('months that were reopened get their new counts at the end; one that would lose keeps its own', async context => {
  const file = write(context, 'events.ndjson', event(0));
  const around = { method: 'POST', path: '/v1/import', headers: {}, body: '{}' };
  context.answers.push(taken(around, { reopened: ['2024-03'] }));
  const done = await run(context, ['ndjson', file, '--reopen'], true);
  assert.equal(
    context.daemon.asked.map(({ path }) => path),
    ['/v1/import?reopen=true', '/v1/usage/months/2024-03/finish'],
  );
  assert.match(done.out, /2024-03 +BEFORE +AFTER/);
  context.answers.push(taken(around, { reopened: ['2024-03'] }), { status: 409, body: { detail: 'would lose: 3' } });
  const refused = await run(context, ['ndjson', file, '--reopen', '--lower']);
  assert.is(context.daemon.asked[3]?.path, '/v1/usage/months/2024-03/finish?lower=true');
  assert.is(refused.code, 1);
  assert.match(refused.err, /2024-03 keeps the counts that it had: .+would lose: 3/);
});

test('lines of a log become events by the settings of the daemon', async context => {
  const target = '/clowder/datasets/5fad53bfe4b00dcab417b69c';
  const log = write(context, 'access.log', ...[1, 2].map(n => line(n, { request: `GET ${target}?n=${n} HTTP/1.1` })));
  const { daemon, folder } = context;
  const env = {
    ...{ EVENT_SINK_URL: daemon.url, DATA_DIR: folder.path, ID_SECRET: 'a secret of the daemon' },
    ...{ CLOWDER_PATH_PREFIX: '/clowder', GEOIP_DATABASE: 'off', MONGODB_URI: 'mongodb://db.example.org' },
  };
  const done = await invoke(['import', 'nginx', log, '--events', 'views'], { env });
  assert.is(done.code, 0, done.err);
  const [asked] = daemon.asked;
  assert.is(asked?.path, '/v1/import?sinks=local%2Cmongodb&source=nginx');
  assert.equal(
    eventsIn(asked!)
      .map(fieldsOf)
      .map(({ category, type, method }) => [category, type, method]),
    [
      ['page_view', 'dataset', 'GET'],
      ['page_view', 'dataset', 'GET'],
    ],
  );
  const { read, accepted, fresh_pseudonyms } = JSON.parse(done.out);
  assert.equal([read, accepted, fresh_pseudonyms], [2, 2, 2]);
  assert.not.ok(existsSync(join(folder.path, 'import-salt')), 'the pass is over');
  const again = await invoke(['import', 'nginx', log, '--events', 'views'], { env });
  assert.is(again.code, 0);
  assert.equal(
    eventsIn(daemon.asked[1]!).map(({ id }) => id),
    eventsIn(asked!).map(({ id }) => id),
  );
});

test('what was read of a log, and what nobody could, is said to usage at the end, as far as it was wanted', async context => {
  const bad = 'torn';
  const at = (time: string): string => line(1, { time: `05/Dec/2023:${time} +0000` });
  const log = write(context, 'access.log', at('10:00:00'), bad, at('12:00:00'), bad);
  const { daemon, folder } = context;
  const env = {
    ...{ EVENT_SINK_URL: daemon.url, DATA_DIR: folder.path, ID_SECRET: 'a secret of the daemon' },
    ...{ GEOIP_DATABASE: 'off', USAGE: 'on', USAGE_SOURCE: 'nginx', LOCAL_STORE: 'off' },
  };
  const done = await invoke(['import', 'nginx', log, '--events', 'views', '--until', '2023-12-05T11:30:00Z'], { env });
  assert.is(done.code, 0, done.err);
  const { path, body } = daemon.asked.at(-1)!;
  assert.is(path, '/v1/import?sinks=usage&source=nginx');
  const [from, to, hour] = ['10:00', '11:30', '10:00'].map(time => Date.parse(`2023-12-05T${time}Z`));
  const said = body.split('\n').map(text => JSON.parse(text));
  assert.equal(said[0], { read: { from, to } });
  assert.equal([said.length, said[1].gap.hour, said[1].gap.reason, said[1].gap.count], [2, hour, 'unread_lines', 1]);
  const before = daemon.asked.length;
  await invoke(['import', 'nginx', log, '--events', 'views', '--sinks', 'mongodb'], { env });
  assert.not.ok(daemon.asked.slice(before).some(asked => asked.body.includes('"read"')));
});

test('a command line that is wrong is said to be', async context => {
  const file = write(context, 'events.ndjson', event(0));
  const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [[], /nginx, mongodb, ndjson/],
    [['ngnix', file], /did you mean nginx/],
    [['nginx'], /needs the log files/],
    [['ndjson'], /needs files/],
    [['mongodb'], /one connection string/],
    [['mongodb', 'http://x'], /must look like mongodb:/],
    [['mongodb', write(context, 'uri', 'mongodb://user:s3cret@')], /^(?!.*s3cret).*names no host/s],
    [['ndjson', file, '--since', 'monday'], /--since must be a time/],
    [['ndjson', file, '--lower'], /--lower belongs to --reopen/],
    [['nginx', file, '--format', '$nothing'], /NGINX_LOG_FORMAT/],
  ];
  for (const [words, said] of wrong) {
    const { code, err } = await run(context, words);
    assert.is(code, 2, words.join(' '));
    assert.match(err, said);
  }
  const missing = await run(context, ['ndjson', join(context.folder.path, 'nowhere')]);
  assert.is(missing.code, 1);
  assert.match(missing.err, 'no such file');
  assert.is(context.daemon.asked.length, 0);
});

test.run();
