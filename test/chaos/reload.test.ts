// timeout: 300 s
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reloaded } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { startRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { skipped } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** By hand: `npm run proof -- reload`, a hundred of them. */
const rounds = Number(process.env.RELOAD_ROUNDS ?? 9);
/** Events of one request, and how long after the one before it is sent, ms. */
const atOnce = 10;
const everyMs = 50;

interface Settings {
  readonly log_level: string;
  readonly dead_letters_alarm: number;
  readonly nginx_access_log: readonly string[];
  readonly health_targets: readonly Record<string, unknown>[];
  readonly sinks: readonly Record<string, unknown>[];
  readonly [name: string]: unknown;
}

/** One kind of change: the settings after it, and what restarts for it, by the paths of actors. */
interface Change {
  readonly name: string;
  make(settings: Settings, round: number): Settings;
  readonly restarts: readonly string[];
}

/** Everything that one run needs, for a broker of either kind. */
async function installation(env: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const file = join(folder.path, 'settings.yaml');
  const logs = [join(folder.path, 'untouched.log'), join(folder.path, 'other.log')] as const;
  const servers = { untouched: new AmplitudeServer(), changing: new AmplitudeServer(), coming: new AmplitudeServer() };
  const service = new StandIn(() => ({ status: 200, body: 'ok' }));
  for (const server of Object.values(servers)) {
    await server.start();
    server.apiKeys.add('another key of the project');
  }
  await service.start();
  const sink = (name: keyof typeof servers, more: Record<string, unknown> = {}) => ({
    ...{ kind: 'amplitude', name, api_key: 'key-of-the-project', server_url: servers[name].url, linger_ms: 20 },
    ...more,
  });
  const target = (name: string, more: Record<string, unknown> = {}) => ({
    name,
    url: service.origin,
    interval: 1,
    ...more,
  });
  const first: Settings = {
    log_level: 'info',
    dead_letters_alarm: 10_000,
    nginx_access_log: logs.slice(0, 1),
    nginx_window_seconds: 1,
    health_targets: [target('untouched'), target('changing')],
    sinks: [sink('untouched'), sink('changing'), sink('coming')],
  };
  const changes: readonly Change[] = [
    {
      name: 'a sink',
      make: (settings, round) => ({
        ...settings,
        sinks: settings.sinks.map(one =>
          one.name === 'changing' ? sink('changing', { batch_size: 100 + round }) : one,
        ),
      }),
      restarts: ['delivery/amplitude.changing'],
    },
    {
      name: 'a sink goes or comes',
      make: settings => ({
        ...settings,
        sinks: settings.sinks.length === 3 ? settings.sinks.slice(0, 2) : [...settings.sinks, sink('coming')],
      }),
      restarts: ['delivery/amplitude.coming'],
    },
    {
      name: 'the key of a sink',
      make: (settings, round) => ({
        ...settings,
        sinks: settings.sinks.map(one =>
          one.name === 'changing'
            ? {
                ...one,
                api_key: round % 2 === 0 ? 'another key of the project' : 'key-of-the-project',
                batch_size: round + 50,
              }
            : one,
        ),
      }),
      restarts: ['delivery/amplitude.changing'],
    },
    {
      name: 'a log goes or comes',
      make: settings => ({
        ...settings,
        nginx_access_log: settings.nginx_access_log.length === 1 ? logs : logs.slice(0, 1),
      }),
      restarts: ['ingress/nginx-log/2'],
    },
    {
      name: 'a target',
      make: (settings, round) => ({
        ...settings,
        health_targets: [target('untouched'), target('changing', { slow: 5 + (round % 1_000) / 100 })],
      }),
      restarts: ['ingress/health/changing'],
    },
    {
      name: 'the level of the log',
      make: settings => ({ ...settings, log_level: settings.log_level === 'info' ? 'debug' : 'info' }),
      restarts: ['log'],
    },
    {
      name: 'a limit',
      make: (settings, round) => ({ ...settings, dead_letters_alarm: 10_000 + round }),
      restarts: [],
    },
    {
      name: 'a setting that needs a restart',
      make: (settings, round) => ({ ...settings, rate_limit: 1_000_000 + round }),
      restarts: [],
    },
    {
      name: 'notifications',
      make: ({ notify, ...settings }) =>
        (notify === undefined
          ? { ...settings, notify: { webhook: { url: `${service.origin}/hook` } } }
          : settings) as Settings,
      restarts: ['delivery/notify', 'delivery/notify.webhook', 'notifications'],
    },
  ];
  for (const log of logs) appendFileSync(log, '');
  const write = (settings: Settings): void => writeFileSync(file, JSON.stringify(settings));
  write(first);
  const daemon = new TestDaemon({ env: { EVENT_SINK_CONFIG: file, LOG_LEVEL: '', LOCAL_LINGER_MS: '20', ...env } });
  await daemon.start();
  return {
    ...{ daemon, servers, first, changes, write, file, logs },
    stop: async () => {
      await daemon.kill('SIGTERM');
      await daemon.remove();
      for (const server of [...Object.values(servers), service]) await server.stop();
      folder.remove();
    },
  };
}

type Installation = Awaited<ReturnType<typeof installation>>;

/** Sends events and log lines until it is asked to end; knows when each event was accepted. */
function load({ daemon, logs }: Installation) {
  /** By the id of the event, when it was sent. */
  const sent = new Map<string, number>();
  const accepted = new Set<string>();
  const state = { runs: true, lines: 0 };
  const running = (async () => {
    for (let number = 0; state.runs; number += atOnce) {
      const ids = Array.from({ length: atOnce }, (_, index) => `reload-${number + index}`);
      for (const id of ids) sent.set(id, performance.now());
      const response = await daemon.post(ids.map(id => ({ id, category: 'upload', user_id: 'user-of-a-test' })));
      assert.is(response.status, 202);
      for (const id of ids) accepted.add(id);
      for (const log of logs) {
        state.lines += 1;
        const time = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000');
        appendFileSync(
          log,
          `10.0.${state.lines >> 8}.${state.lines & 255} - - [${time}] "GET /api/x HTTP/1.1" 200 5 "-" "-"\n`,
        );
      }
      await sleep(everyMs);
    }
  })();
  return {
    sent,
    accepted,
    get lines() {
      return state.lines;
    },
    end: async () => {
      state.runs = false;
      await running;
    },
  };
}

/** Notes how long events take to a server, from the request to the arrival, ms. */
function delays(server: AmplitudeServer, sent: ReadonlyMap<string, number>) {
  const found: number[] = [];
  let seen = server.accepted.length;
  const timer = setInterval(() => {
    for (const { insert_id: id } of server.accepted.slice(seen)) {
      const at = sent.get(String(id));
      if (at !== undefined) found.push(performance.now() - at);
    }
    seen = server.accepted.length;
  }, 5);
  return () => {
    clearInterval(timer);
    const sorted = found.sort((a, b) => a - b);
    const of = (share: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return `p50 ${of(0.5)}, p99 ${of(0.99)}, most ${of(1)} ms of ${sorted.length} events`;
  };
}

/** Makes a change take effect in each of the ways that there are; the answer is known from one of them. */
async function takeOver(here: Installation, settings: Settings, round: number): Promise<Reloaded | undefined> {
  const { daemon, write } = here;
  const written = Date.now();
  write(settings);
  // A changed file is noticed after two seconds: one in nine has to do.
  const way = round % 9 === 4 ? 'file' : round % 2 === 0 ? 'request' : 'signal';
  if (way === 'request') {
    const response = await daemon.request('/v1/reload', { method: 'POST' });
    assert.is(response.status, 200, await response.clone().text());
    return (await response.json()) as Reloaded;
  }
  if (way === 'signal') daemon.signal('SIGHUP');
  await until(
    async () => (await daemon.json('/v1/status')).settings.read >= written,
    'the settings to be read',
    60_000,
  );
  return undefined;
}

const broken = [
  '{ not yaml',
  JSON.stringify({ log_level: 'loud', prot: 1, sinks: [{ kind: 'amplitud' }] }),
  'sinks: 3\nport: x\n',
];

async function prove(here: Installation): Promise<void> {
  const { daemon, servers, changes, write, file } = here;
  const traffic = load(here);
  const calm = delays(servers.untouched, traffic.sent);
  await sleep(rounds > 10 ? 10_000 : 2_000);
  const undisturbed = calm();
  const counted = delays(servers.untouched, traffic.sent);
  let settings = here.first;
  let restarts = 0;
  for (let round = 0; round < rounds; round += 1) {
    const change = changes[round % changes.length]!;
    if (round % 4 === 3) {
      writeFileSync(file, broken[round % broken.length]!);
      const refused = await daemon.request('/v1/reload', { method: 'POST' });
      assert.is(refused.status, 422);
      await refused.body?.cancel();
    }
    settings = change.make(settings, round);
    const answer = await takeOver(here, settings, round);
    // The daemon may have noticed the file before it was asked.
    if (answer === undefined || answer.changed.length === 0) continue;
    restarts += answer.restarted.length;
    assert.equal(answer.restarted, change.restarts, `${round}: ${change.name}`);
  }
  write({ ...here.first, nginx_access_log: here.logs });
  assert.is((await daemon.request('/v1/reload', { method: 'POST' })).status, 200);
  await traffic.end();
  const untouched = counted();
  const ids = traffic.accepted;
  const delivered = ({ accepted }: AmplitudeServer) => accepted.filter(({ insert_id: id }) => ids.has(String(id)));
  for (const [name, server] of Object.entries(servers)) {
    await until(() => delivered(server).length >= ids.size, `all ${ids.size} events at ${name}`, 120_000);
    assert.is(delivered(server).length, ids.size, name);
    assert.is(server.duplicates, 0, `doubled at ${name}`);
  }
  const requests = async (): Promise<number> =>
    (await daemon.stored('connections')).reduce((sum, event) => sum + Number(event.requests ?? 0), 0);
  await until(
    async () => (await requests()) >= traffic.lines,
    `${traffic.lines} lines of the logs to be counted`,
    120_000,
  );
  assert.is(await requests(), traffic.lines);
  await daemon.drained(60_000);
  const { balanced, sinks } = await daemon.json('/v1/ledger');
  assert.ok(balanced, JSON.stringify(sinks));
  assert.equal(
    sinks.map(({ sink, dead }) => [sink, dead]).filter(([, dead]) => dead !== 0),
    [],
  );
  assert.equal(new Set((await daemon.stored('upload')).map(({ id }) => id)), ids);
  console.log(
    `${rounds} changes, ${ids.size} events: untouched sink ${untouched}; before any change ${undisturbed}; ${restarts} parts restarted by the answers`,
  );
}

const test = suite('settings that change under load');

test('with the embedded broker nothing is lost or doubled, and only what changed restarts', async () => {
  const here = await installation({});
  try {
    await prove(here);
  } finally {
    await here.stop();
  }
});

const rabbitmq = await startRabbitMQ();
if ('skip' in rabbitmq) skipped('rabbitmq', rabbitmq.skip);
else {
  test('nor is it with RabbitMQ', async () => {
    const here = await installation({ RABBITMQ_URI: rabbitmq.uri });
    try {
      await prove(here);
    } finally {
      await here.stop();
    }
  });
  test.after(() => rabbitmq.stop());
}

test.run();
