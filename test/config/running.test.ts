import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { type Reading, RunningSettings } from '../../src/config/running.js';

const key = `clowder:publish:${'a'.repeat(64)}`;

/** Settings in a file that the test changes. */
function scene(first: string, env: Record<string, string> = {}) {
  const files: Record<string, string> = { '/c.yaml': first, '/m': 'mongodb://user:secret@a', '/keys': key };
  let now = 1_000;
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };
  const opened = RunningSettings.open(
    { env: { EVENT_SINK_CONFIG: '/c.yaml', ...env }, readFile },
    { ...systemClock, now: () => now },
  );
  if ('problems' in opened) throw new Error(JSON.stringify(opened.problems));
  const { settings } = opened;
  const reload = (text: string): Reading => {
    files['/c.yaml'] = text;
    now += 1_000;
    const reading = settings.read();
    if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
    settings.take(reading);
    return reading;
  };
  return { settings, files, reload };
}

const lists = ({ changed, needsRestart }: Reading) => ({ changed, needsRestart });

test('settings that are as they were change nothing, however they are written', () => {
  const { settings, reload } = scene('mongodb_uri: mongodb://a\nlog_level: info\n');
  const before = settings.status;
  const reading = reload('# a comment\nlog: {level: info}\nmongodb:\n  uri: mongodb://a\n');
  assert.equal(lists(reading), { changed: [], needsRestart: [] });
  assert.is(settings.status.since, before.since);
  assert.is(settings.status.version, before.version);
});

test('what can be taken over is, and the rest stays as it runs and is named until it is taken back', () => {
  const { settings, reload } = scene('log_level: info\nport: 8081\n');
  assert.equal(lists(reload('log_level: debug\nport: 8082\nrabbitmq_uri: amqp://localhost\n')), {
    changed: ['LOG_LEVEL', 'PORT', 'RABBITMQ_URI'],
    needsRestart: ['PORT', 'RABBITMQ_URI'],
  });
  const { config, status } = settings;
  assert.is(config.log.level, 'debug');
  assert.is(config.server.port, 8081);
  assert.equal(config.broker.nodes, []);
  assert.is(status.since, 2_000);
  assert.equal(status.needsRestart, ['PORT', 'RABBITMQ_URI']);
  assert.equal(lists(reload('log_level: debug\nport: 8082\n')), {
    changed: ['RABBITMQ_URI'],
    needsRestart: ['PORT'],
  });
  assert.equal(lists(reload('log_level: debug\nport: 8081\n')), { changed: ['PORT'], needsRestart: [] });
  assert.is(settings.status.since, 2_000);
});

test('of settings that are wrong none is taken over, and all that is wrong is said', () => {
  const { settings, files } = scene('log_level: info\n');
  const { config } = settings;
  files['/c.yaml'] = 'log_level: loud\nmongodb_batch_size: none\nnonsense: 1\n';
  const reading = settings.read();
  assert.ok('problems' in reading);
  assert.equal(
    reading.problems.map(({ name }) => name),
    ['nonsense', 'MONGODB_BATCH_SIZE', 'LOG_LEVEL'],
  );
  assert.is(settings.config, config);
  assert.equal(settings.status.problems, reading.problems);
  files['/c.yaml'] = 'log_level: info\n';
  assert.ok(!('problems' in settings.read()));
  assert.equal(settings.status.problems, []);
});

test('settings that fit together only with others that need a restart wait for it with them', () => {
  const { settings, reload } = scene('log_level: info\n');
  const together = 'log_level: debug\nrabbitmq_uri: amqp://localhost\nextraction_events: on\n';
  assert.equal(reload(together).needsRestart, ['EXTRACTION_EVENTS', 'LOG_LEVEL', 'RABBITMQ_URI']);
  assert.is(settings.config.log.level, 'info');
  assert.is(settings.config.broker.extractions, false);
});

test('whether usage is counted does not follow from a log that is added while the daemon runs', () => {
  const { settings, reload } = scene('log_level: info\n');
  assert.equal(reload('nginx_access_log: /var/log/nginx/access.log\n').needsRestart, ['USAGE']);
  assert.is(settings.config.usage, undefined);
  assert.not.ok(settings.config.sinks.some(({ definition }) => definition.name === 'usage'));
  assert.equal(settings.config.nginx.files, ['/var/log/nginx/access.log']);
});

test('keys are taken over; whether there are any of one’s own is known at the start', () => {
  const { settings, reload } = scene(`api_keys: ${key}\n`);
  const other = key.replace('clowder', 'portal');
  assert.equal(lists(reload(`api_keys: ${other}\n`)), { changed: ['API_KEYS'], needsRestart: [] });
  assert.is(settings.config.keys.entries, other);
  assert.equal(lists(reload('log_level: info\n')), {
    changed: ['API_KEYS', 'LOG_LEVEL'],
    needsRestart: ['API_KEYS'],
  });
  assert.is(settings.config.keys.entries, other);
  assert.is(settings.config.server.host, '0.0.0.0');
});

test('the files of secrets are read again, and no secret enters the version', () => {
  const { settings, files, reload } = scene('log_level: info\n', { MONGODB_URI_FILE: '/m' });
  assert.equal(settings.status.problems, []);
  const [sinks, version] = [settings.config.sinks.length, settings.status.version];
  files['/m'] = 'mongodb://user:other@b';
  assert.equal(reload('log_level: info\n').changed, ['MONGODB_URI']);
  assert.is(settings.config.sinks.length, sinks);
  assert.is(settings.status.version, version);
});

test('files that say something else are noticed until they are read, the file of keys aside', () => {
  const { settings, files, reload } = scene('api_keys_file: /keys\n', { MONGODB_URI_FILE: '/m' });
  assert.is(settings.changedFiles(), undefined);
  files['/keys'] = key.replace('clowder', 'portal');
  assert.is(settings.changedFiles(), undefined);
  files['/m'] = 'mongodb://b';
  const one = settings.changedFiles();
  assert.type(one, 'string');
  delete files['/m'];
  assert.is.not(settings.changedFiles(), one);
  assert.ok('problems' in settings.read());
  assert.is(settings.changedFiles(), undefined);
  files['/m'] = 'mongodb://b';
  reload('api_keys_file: /keys\n');
  assert.is(settings.changedFiles(), undefined);
});

test.run();
