import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { fixtureLines } from '../events/fixtures.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { complete, findProgram, Running } from '../helpers/running.js';
import { required, type Skip } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { prometheusQueries } from './dashboards.js';

const rulesFile = 'deploy/prometheus/event-sink.rules.yml';
const { path: program } = required('prometheus', find('prometheus'));
const { path: promtool } = required('promtool', find('promtool'));

const folder = temporaryFolder();
const port = await freePort();
const daemon = await new TestDaemon().start();
let prometheus: Running;

function find(name: string): { readonly path: string } | Skip {
  const path = findProgram(name);
  return path === undefined ? { skip: 'not found: install prometheus, or run `npm run verify` as root' } : { path };
}

test.before(async () => {
  const configuration = parse(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as {
    global: object;
    rule_files: string[];
    scrape_configs: { authorization: { credentials_file: string }; static_configs: { targets: string[] }[] }[];
  };
  configuration.global = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' };
  configuration.rule_files = [resolve(rulesFile)];
  for (const { authorization, static_configs } of configuration.scrape_configs) {
    authorization.credentials_file = join(folder.path, 'key');
    static_configs[0]!.targets = [`127.0.0.1:${daemon.port}`];
  }
  writeFileSync(join(folder.path, 'key'), daemon.key);
  writeFileSync(join(folder.path, 'prometheus.yml'), JSON.stringify(configuration));
  prometheus = new Running(program, [
    `--config.file=${join(folder.path, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  assert.is((await daemon.post(fixtureLines('clowder').map(line => JSON.parse(line)))).status, 202);
  await daemon.drained();
  const scrapes = (): Promise<Sample[]> => query('count_over_time(event_sink_ready[1m])');
  await until(async () => Number((await scrapes())[0]?.value[1]) >= 2, 'two scrapes');
  // What happens between two scrapes is what rates are made of.
  await daemon.post([{ category: 'upload', size: 1 }]);
  await daemon.drained();
  const had = Number((await scrapes())[0]?.value[1]);
  await until(async () => Number((await scrapes())[0]?.value[1]) >= had + 2, 'two more scrapes');
});

test.after(async () => {
  await prometheus?.stop();
  await daemon.remove();
  folder.remove();
});

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function ask<Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = (await response.json()) as { status: string; error?: string; data: Data };
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data;
}

async function query(text: string): Promise<Sample[]> {
  return (await ask<{ result: Sample[] }>('query', { query: text })).result;
}

test('promtool accepts the rules, and each alert fires when it should', async () => {
  assert.match(await complete(promtool, ['check', 'rules', rulesFile]), 'SUCCESS');
  assert.match(await complete(promtool, ['test', 'rules', 'test/deploy/event-sink.rules.test.yml']), 'SUCCESS');
});

test('promtool accepts the configuration', async () => {
  const copy = join(folder.path, 'check.yml');
  const text = readFileSync('deploy/prometheus/prometheus.yml', 'utf8');
  writeFileSync(
    copy,
    text
      .replace('event-sink.rules.yml', resolve(rulesFile))
      .replace(/credentials_file: .*/, `credentials_file: ${join(folder.path, 'key')}`),
  );
  assert.match(await complete(promtool, ['check', 'config', copy]), 'SUCCESS');
});

test('promtool finds nothing to say about the metrics', async () => {
  const text = await (await daemon.request('/metrics')).text();
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.is(stdout + stderr, '');
  assert.is(status, 0);
});

test('every metric that dashboards and alerts name is there', async () => {
  const text = await (await daemon.request('/metrics')).text();
  const known = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const texts = [...prometheusQueries(), ...alerts().map(({ alert, expr }) => ({ where: alert, text: expr }))];
  for (const { where, text: expression } of texts) {
    for (const [name] of expression.matchAll(/\b(?:event_sink|process|nodejs)_\w+/g)) {
      const histogram = name.replace(/_(?:bucket|sum|count)$/, '');
      assert.ok(known.has(name) || ['histogram', 'summary'].includes(known.get(histogram) ?? ''), `${where}: ${name}`);
    }
  }
});

function alerts(): { alert: string; expr: string; annotations: Record<string, string> }[] {
  const { groups } = parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: ReturnType<typeof alerts> }[] };
  return groups.flatMap(({ rules }) => rules);
}

test('Prometheus reads the daemon with its key, and can evaluate every rule; none fires', async () => {
  const { groups } = await ask<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>('rules');
  const rules = groups.flatMap(group => group.rules);
  assert.is(rules.length, alerts().length);
  for (const { name, health, state } of rules) assert.equal([name, health, state], [name, 'ok', 'inactive']);
});

/** Empty while all is well, or until garbage was collected. */
const mayBeEmpty = ['Restarts of actors', 'Time collecting garbage', 'Queues that no sink takes from'];

for (const { where, text } of prometheusQueries()) {
  const empty = mayBeEmpty.some(title => where.endsWith(title));
  test(`${where}: the expression ${empty ? 'is understood' : 'finds something'}`, async () => {
    const found = await query(text);
    assert.ok(empty ? Array.isArray(found) : found.length > 0, text);
  });
}

test('delivered events and the states of sinks and broker are seen as they are', async () => {
  const shownBy = async (where: string): Promise<string | undefined> => {
    const { text = '' } = prometheusQueries().find(one => one.where === where) ?? {};
    return (await query(text))[0]?.value[1];
  };
  assert.is(await shownBy('event-sink: Sinks'), '1');
  assert.is(await shownBy('event-sink: Broker'), '1');
  assert.is(await shownBy('event-sink: Ready'), '1');
  assert.ok(Number(await shownBy('event-sink: Delivered')) > 0);
});

test.run();
