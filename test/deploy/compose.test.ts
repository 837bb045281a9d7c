import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { clientSettings } from '../../src/config/client.js';
import { declaredSettings } from '../../src/config/declared.js';
import { loadConfig } from '../../src/config/load.js';
import { shutdownSettings } from '../../src/config/shutdown.js';
import { parseEntries } from '../../src/keys/entries.js';
import { findKey } from '../../src/keys/keys.js';
import { sinks } from '../../src/sinks/registry.js';
import { complete } from '../helpers/running.js';
import { temporaryFolder } from '../helpers/temporary.js';

interface Service {
  readonly image: string;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly env_file?: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly security_opt?: readonly string[];
  readonly build?: { readonly context: string; readonly dockerfile: string };
}

const text = readFileSync('deploy/compose.yaml', 'utf8');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
};
const { services } = compose;
const folder = temporaryFolder();
const madeFile = join(folder.path, '.env');
await complete('sh', ['deploy/setup.sh', madeFile]);
const made = variables(readFileSync(madeFile, 'utf8'));
const example = readFileSync('deploy/.env.example', 'utf8');

test.after(() => folder.remove());

function variables(of: string): Record<string, string> {
  return Object.fromEntries([...of.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as Compose fills them in, defaults nested. */
function filled(value: string, env: Readonly<Record<string, string>>): string {
  const innermost = /\$\{(\w+)(?::([-?])([^{}]*))?\}/;
  let result = value;
  for (let found = innermost.exec(result); found !== null; found = innermost.exec(result)) {
    const [whole, name = '', kind, other = ''] = found;
    const given = env[name] ?? '';
    if (given === '' && kind === '?') throw new Error(`${name} must be set`);
    result = result.replace(whole, () => (given === '' && kind === '-' ? other : given));
  }
  return result;
}

test('the services are those that the daemon delivers to and is watched by, each restarted and checked', () => {
  assert.equal(Object.keys(services).sort(), [
    'event-sink',
    'grafana',
    'influxdb',
    'mongodb',
    'prometheus',
    'rabbitmq',
  ]);
  for (const [name, { restart, healthcheck, image }] of Object.entries(services)) {
    assert.is(restart, 'unless-stopped', name);
    assert.not.match(image, ':latest', name);
    // The daemon's own is in its Dockerfile.
    assert.is(healthcheck === undefined, name === 'event-sink', name);
  }
});

test('nobody takes all of the machine, or becomes somebody else', () => {
  for (const [name, { mem_limit, pids_limit, security_opt }] of Object.entries(services)) {
    assert.match(mem_limit ?? '', /^[12]g$/, name);
    assert.ok((pids_limit ?? 0) >= 128 && (pids_limit ?? 0) <= 512, name);
    assert.equal(security_opt, ['no-new-privileges:true'], name);
  }
});

test('the daemon is nobody special at any server', () => {
  const { environment = {} } = services['event-sink'] ?? {};
  const secrets = ['MONGODB_ROOT_PASSWORD', 'INFLUXDB_ADMIN_PASSWORD', 'RABBITMQ_PASSWORD'];
  for (const [variable, value] of Object.entries(environment))
    assert.not.ok(
      secrets.some(secret => String(value).includes(`{${secret}`)),
      variable,
    );
  const made: object[] = [];
  const database = { createRole: (role: object) => made.push(role), createUser: (user: object) => made.push(user) };
  runInNewContext(readFileSync('deploy/mongodb/users.js', 'utf8'), {
    db: { getSiblingDB: (name: string) => (name === 'eventsink' ? database : undefined) },
    process: { env: { MONGODB_PASSWORD: 'p4ss' } },
  });
  assert.equal(JSON.parse(JSON.stringify(made)), [
    {
      role: 'eventSink',
      privileges: [
        {
          resource: { db: 'eventsink', collection: '' },
          actions: ['find', 'insert', 'createCollection', 'createIndex', 'listIndexes', 'collMod'],
        },
      ],
      roles: [],
    },
    { user: 'event-sink', pwd: 'p4ss', roles: [{ role: 'eventSink', db: 'eventsink' }] },
  ]);
});

test('Docker waits longer for the daemon to end than the daemon takes', () => {
  const patience = Number(shutdownSettings.shutdownMs.schema.parse(undefined)) / 1000;
  assert.ok(Number.parseInt(services['event-sink']?.stop_grace_period ?? '', 10) > patience);
});

test('every volume is declared, and what is mounted from here is here', () => {
  for (const [name, { volumes = [] }] of Object.entries(services)) {
    for (const volume of volumes) {
      const [source = ''] = filled(volume, {}).split(':');
      if (source.startsWith('./')) assert.ok(existsSync(join('deploy', source)), `${name}: ${source}`);
      else assert.ok(source in compose.volumes, `${name}: ${source}`);
    }
  }
});

test('no secret stands in the file, and ports are published to this machine alone', () => {
  for (const [name, { environment = {}, ports = [] }] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(environment)) {
      if (/PASS|SECRET|TOKEN|KEY|URI$/.test(variable)) assert.match(String(value), /\$\{\w+/, `${name}: ${variable}`);
    }
    for (const port of ports) assert.match(filled(port, made), /^127\.0\.0\.1:/, name);
  }
});

test('every variable is explained in .env.example, and what is there reaches something', () => {
  const used = new Set(
    [...text.matchAll(/\$\{(\w+)|^ {4}environment: (\w+)$/gm)].map(([, name, secret]) => name ?? secret),
  );
  const explained = new Set([...example.matchAll(/^#?(\w+)=/gm)].map(([, name]) => name));
  assert.equal(
    [...used].filter(name => !explained.has(name)),
    [],
  );
  const settings = new Set([...declaredSettings(sinks), ...Object.values(clientSettings)].map(({ name }) => name));
  assert.equal(
    [...explained].filter(name => !used.has(name) && !settings.has(name ?? '')),
    [],
  );
});

test('any setting in deploy/.env reaches the daemon', () => {
  assert.is(services['event-sink']?.env_file, '.env');
  const config = configured({
    ...made,
    GOOGLE_MEASUREMENT_ID: 'G-TEST1',
    GOOGLE_API_SECRET: 's3cret',
    AMPLITUDE_SERVER_ZONE: 'EU',
    AMPLITUDE_API_KEY: 'k3y',
  });
  assert.equal(config.sinks.map(({ definition }) => definition.name).sort(), [
    'amplitude',
    'ga4',
    'influxdb',
    'local',
    'mongodb',
    'usage',
  ]);
});

test('the set-up makes a file of its own secrets, that is complete, and never overwrites one', async () => {
  assert.is(statSync(madeFile).mode & 0o777, 0o600);
  const secrets = Object.entries(variables(example)).filter(([, value]) => value === '');
  assert.ok(secrets.length >= 8);
  for (const [name] of secrets) assert.ok((made[name] ?? '').length >= 32, name);
  assert.is(new Set(Object.values(made)).size, Object.keys(made).length);
  const again = spawnSync('sh', ['deploy/setup.sh', madeFile], { encoding: 'utf8' });
  assert.is(again.status, 1);
  assert.match(again.stderr, 'nothing was changed');
  assert.equal(variables(readFileSync(madeFile, 'utf8')), made);
});

test('the keys that the set-up makes open what they should', () => {
  const { entries, problems } = parseEntries(made.API_KEYS ?? '');
  assert.equal(problems, []);
  const opened = (key = ''): readonly string[] => [...(findKey(entries, key)?.scopes ?? [])].sort();
  assert.equal(opened(made.EVENT_SINK_API_KEY), ['admin', 'publish', 'read']);
  assert.equal(opened(made.METRICS_KEY), ['read']);
});

test('the daemon understands its settings: RabbitMQ, MongoDB, InfluxDB and the local store', () => {
  const config = configured(made);
  assert.equal(config.sinks.map(({ definition }) => definition.name).sort(), ['influxdb', 'local', 'mongodb', 'usage']);
  assert.equal(config.broker.nodes, [`amqp://event-sink:${made.RABBITMQ_EVENT_SINK_PASSWORD}@rabbitmq:5672/%2F`]);
  assert.is(config.server.host, '0.0.0.0');
});

/** As the daemon is given them: the file, and over it what stands in compose.yaml. */
function configured(file: Readonly<Record<string, string>>) {
  const own = Object.entries(services['event-sink']?.environment ?? {}).map(([name, value]) => [
    name,
    filled(String(value), file),
  ]);
  const known = [...declaredSettings(sinks), ...Object.values(clientSettings)].map(({ name }) => name);
  for (const [name = ''] of own) assert.ok(known.includes(name), name);
  const loaded = loadConfig({
    env: { ...file, ...Object.fromEntries(own) },
    readFile: path => readFileSync(path, 'utf8'),
  });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  assert.equal(loaded.warnings, []);
  return loaded.config;
}

test('Grafana is given what its data sources ask for', () => {
  const asked = readFileSync('deploy/grafana/provisioning/datasources/clowder.yaml', 'utf8').replaceAll(
    /^ *#.*$/gm,
    '',
  );
  for (const [, name = ''] of asked.matchAll(/\$\{(\w+)\}/g)) {
    assert.ok(services.grafana?.environment?.[name], name);
  }
});

// Nothing that the tests install brings Docker: the test is there where Docker is.
if (spawnSync('docker', ['compose', 'version']).status === 0) {
  test('Docker Compose understands the file', () => {
    cpSync('deploy', join(folder.path, 'deploy'), { recursive: true });
    cpSync(madeFile, join(folder.path, 'deploy', '.env'));
    const file = join(folder.path, 'deploy', 'compose.yaml');
    const { status, stderr } = spawnSync('docker', ['compose', '-f', file, 'config', '--quiet'], { encoding: 'utf8' });
    assert.is(status, 0, stderr);
  });
}

test.run();
