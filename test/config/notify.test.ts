import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { problemReport } from '../../src/settings/problems.js';
import type { EmailConfig } from '../../src/sinks/notify-email/addresses.js';

function load(env: Record<string, string>, yaml = '') {
  const file = yaml === '' ? {} : { EVENT_SINK_CONFIG: 'c.yaml' };
  return loadConfig({ env: { ...file, ...env }, readFile: () => yaml });
}

function good(env: Record<string, string>, yaml?: string): Config {
  const loaded = load(env, yaml);
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  return loaded.config;
}

function bad(env: Record<string, string>, yaml?: string): string[] {
  const loaded = load(env, yaml);
  return 'problems' in loaded ? loaded.problems.map(({ name, message }) => `${name} ${message}`) : [];
}

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const all = {
  SMTP_URL: 'smtp://ann:secret@mail.example.org',
  NOTIFY_EMAIL_TO: 'ops@example.org,ann@example.org',
  NOTIFY_SLACK_URL: 'https://hooks.slack.com/services/T/B/X',
  NOTIFY_WEBHOOK_URL: 'http://127.0.0.1:9000/hook',
  NOTIFY_WEBHOOK_SECRET: secret,
};
const sinksOf = ({ sinks }: Config): string[] => sinks.map(({ definition }) => definition.name);

test('without a channel nobody is notified, and nothing of it is there', () => {
  const config = good({});
  assert.is(config.notify, undefined);
  assert.equal(sinksOf(config), ['local']);
});

test('addresses without rules: every change through every channel', () => {
  const config = good(all);
  assert.equal(sinksOf(config), ['local', 'notify', 'notify.email', 'notify.slack', 'notify.webhook']);
  const [rule, ...more] = config.notify?.rules ?? [];
  assert.equal(more, []);
  assert.is(rule?.when, 'change');
  assert.equal(rule?.channels, ['notify.email', 'notify.slack', 'notify.webhook']);
  assert.is(config.notify?.waitMs, 3_000);
  const queue = config.sinks.find(({ definition }) => definition.name === 'notify.email')?.queue.name;
  assert.is(queue, 'event-sink.notify.email');
});

test('the sender is the one that is set, the user of the server, or this machine', () => {
  const from = (env: Record<string, string>): string =>
    (good({ NOTIFY_EMAIL_TO: 'a@example.org', ...env }).sinks.at(-1)?.config as EmailConfig | undefined)?.from ?? '';
  assert.is(from({ SMTP_URL: 'smtp://localhost', NOTIFY_EMAIL_FROM: 'b@example.org' }), 'b@example.org');
  assert.is(from({ SMTP_URL: 'smtp://c%40example.org:x@mail.example.org' }), 'c@example.org');
  assert.match(from({ SMTP_URL: 'smtp://localhost' }), /^event-sink@./);
});

test('rules from the file say what is collected, and for whom; channels of one kind have names', () => {
  const config = good(
    all,
    `
notify:
  group_wait_seconds: 10
  rules:
    - { events: health, after: 3, to: [email] }
    - { service: 'clowder*', severity: critical, again: 4h, to: [slack.ops, email.night] }
sinks:
  - { kind: notify.slack, name: ops, url: 'https://chat.example.org/hooks/1' }
  - { kind: notify.email, name: night, to: night@example.org }
`,
  );
  assert.equal(sinksOf(config).slice(-2), ['notify.slack.ops', 'notify.email.night']);
  assert.is((config.sinks.at(-1)?.config as EmailConfig | undefined)?.smtp.host, 'mail.example.org');
  assert.is(config.sinks.at(-1)?.queue.name, 'event-sink.notify.email.night');
  assert.equal(
    config.notify?.rules.map(({ channels }) => channels),
    [['notify.email'], ['notify.slack.ops', 'notify.email.night']],
  );
  assert.is(config.notify?.waitMs, 10_000);
  const filter = config.sinks.find(({ definition }) => definition.name === 'notify')?.filter;
  assert.ok(filter?.matches({ category: 'health', type: 'http' }));
  assert.ok(filter?.matches({ category: 'problem', type: 'raised' }));
  assert.not(filter?.matches({ category: 'upload', type: undefined }));
});

test('rules that name what is bad alone let through what ends it, and nothing else', () => {
  const taken = (env: Record<string, string>, events?: string): string[] => {
    const config = good({ ...all, ...env }, events && `notify: { rules: [{ events: '${events}' }] }`);
    const { filter } = config.sinks.find(({ definition }) => definition.name === 'notify') ?? {};
    const kinds = [
      ...['service_status.down', 'service_status.degraded', 'service_status.up', 'service_status.maintenance'],
      ...['service_status.withdrawn', 'problem.raised', 'problem.resolved', 'extraction_status.done', 'upload.file'],
    ];
    return kinds.filter(kind => {
      const [category = '', type] = kind.split('.');
      return filter?.matches({ category, type });
    });
  };
  const services = ['service_status.down', 'service_status.up', 'service_status.maintenance'];
  const ends = ['service_status.up', 'service_status.maintenance', 'service_status.withdrawn'];
  assert.equal(taken({}, services.join()), ['service_status.down', ...ends]);
  assert.equal(taken({}, 'service_status.down,problem.raised'), [
    'service_status.down',
    ...ends,
    ...['problem.raised', 'problem.resolved'],
  ]);
  assert.equal(taken({}, 'upload'), ['upload.file']);
  const set = { NOTIFY_CATEGORIES: 'service_status.degraded' };
  assert.equal(taken(set), ['service_status.degraded', ...ends]);
  assert.not(good({ ...all, ...set }).notify?.rules[0]?.filter.matches({ category: 'service_status', type: 'up' }));
});

test('what is wrong is said in words', () => {
  assert.equal(bad({ NOTIFY_EMAIL_TO: 'a@example.org' }), [
    'SMTP_URL is missing: NOTIFY_EMAIL_TO needs a mail server, such as smtp://localhost:25',
  ]);
  assert.equal(bad({ NOTIFY_WEBHOOK_SECRET: secret }), [
    'NOTIFY_WEBHOOK_URL is missing: NOTIFY_WEBHOOK_SECRET alone sends nothing',
  ]);
  const short = bad({ ...all, NOTIFY_WEBHOOK_SECRET: 'whsec_c2hvcnQ=' });
  assert.match(short[0] ?? '', /^NOTIFY_WEBHOOK_SECRET must be whsec_ and 24 to 64 bytes in base64/);
  assert.not.match(short.join(), /c2hvcnQ/);
  assert.equal(bad({}, 'notify: { rules: [{ when: change }] }'), [
    'notify.rules has rules, and there is no channel: set NOTIFY_EMAIL_TO, NOTIFY_SLACK_URL or NOTIFY_WEBHOOK_URL',
  ]);
  assert.equal(bad(all, 'notify: { rules: [{ to: [emial] }] }'), [
    'notify.rules[0].to names "emial", which is not a channel that is set up (email, slack, webhook). Did you mean email?',
  ]);
  assert.equal(bad({ ...all, NOTIFY_GROUP_WAIT_SECONDS: '90' }), [
    'NOTIFY_GROUP_MAX_SECONDS is shorter than NOTIFY_GROUP_WAIT_SECONDS: make it at least as long',
  ]);
});

test('a mail server that nobody gets mail from is a mistake', () => {
  assert.equal(bad({ SMTP_URL: 'smtp://localhost:25' }), ['NOTIFY_EMAIL_TO is missing: SMTP_URL alone sends nothing']);
  const named = `sinks: [{ kind: notify.email, name: night, to: night@example.org }]`;
  assert.equal(bad({ SMTP_URL: 'smtp://localhost:25' }, named), []);
});

test('RABBITMQ_QUEUENAME is for the one sink that takes all events', () => {
  const env = { ...all, RABBITMQ_URI: 'amqp://rabbitmq', RABBITMQ_QUEUENAME: 'event.sink', MONGODB_URI: 'mongodb://m' };
  const { sinks } = good(env);
  assert.is(sinks.find(({ definition }) => definition.name === 'mongodb')?.queue.name, 'event.sink');
});

test.run();
