// timeout: 240 s
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../../src/clock.js';
import { Writes } from '../../../src/delivery/writes.js';
import { SetupError } from '../../../src/errors.js';
import type { Message } from '../../../src/events/message.js';
import { ExtractionListener, type ExtractionReport } from '../../../src/extractors/extractions.js';
import { silentLog } from '../../../src/log.js';
import { Suppression } from '../../../src/people/suppression.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { inFolder, openStorage } from '../../storage/scratch.js';

/** Extractions on a real RabbitMQ, whose extractor is this test: daemons come and go, and tracing with them. */

const rabbitmq = required('rabbitmq', await startRabbitMQ());
const connection = await connect(rabbitmq.uri);
const channel = await connection.createConfirmChannel();
const queue = 'ncsa.sample';
const replies = 'clowder.test';
await channel.assertQueue(queue, { durable: true });
await channel.assertQueue(replies, { durable: true });

class Follower {
  readonly published: Message[] = [];
  readonly #storage;
  #ahead = 0;
  readonly #clock: Clock = {
    now: () => Date.now() + this.#ahead,
    monotonic: () => systemClock.monotonic() + this.#ahead,
    // Nobody need wait until it looks again.
    sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 200), signal),
  };
  readonly #listener: ExtractionListener;
  report: ExtractionReport | undefined;
  /** As they followed each other. */
  readonly states: string[] = [];

  static async open(dir: string, uri = rabbitmq.uri): Promise<Follower> {
    return new Follower(await openStorage(dir), uri);
  }

  private constructor(storage: Awaited<ReturnType<typeof openStorage>>, uri: string) {
    this.#storage = storage;
    this.#listener = new ExtractionListener({
      nodes: [uri],
      idSecret: 'shared',
      publish: async messages => {
        this.published.push(...messages);
        return 'broker';
      },
      storage,
      suppression: new Suppression('shared'),
      writes: new Writes(),
      stuckMs: 3_600_000,
      clock: this.#clock,
      log: silentLog,
      onReport: report => {
        this.report = report;
        if (report.tracing !== this.states.at(-1)) this.states.push(report.tracing);
      },
    });
    this.#listener.open();
  }

  is(state: ExtractionReport['tracing']): Promise<unknown> {
    return until(async () => this.report?.tracing === state, `tracing ${state}`, 60_000);
  }

  get events() {
    return this.published.map(({ body }) => JSON.parse(body));
  }

  /** Moves its time on. */
  pass(ms: number): void {
    this.#ahead += ms;
  }

  of(jobId: string) {
    return this.events.filter(({ job_id }) => job_id === jobId);
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.#storage.close();
  }
}

async function send(jobid: string): Promise<void> {
  const body = {
    host: 'http://clowder.example.org',
    id: 'f',
    datasetId: 'd',
    jobid,
    filename: 'a.tif',
    secretKey: 's',
  };
  channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), { replyTo: replies });
  await channel.waitForConfirms();
}

/** As an extractor would. */
async function take(jobid: string): Promise<void> {
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message !== false && message.content.includes(jobid), `${jobid} is in the queue`);
  await sendStatus(jobid, 'start');
}

async function sendStatus(job_id: string, status: string): Promise<void> {
  const body = { file_id: 'f', extractor_id: queue, job_id, message_type: `StatusMessage.${status}`, message: status };
  channel.sendToQueue(replies, Buffer.from(JSON.stringify(body)));
  await channel.waitForConfirms();
}

const types = (events: readonly { type: string }[]): string[] => events.map(({ type }) => type);

test('a job that was queued before the daemon went away, and ends after it is back, has its times; what came meanwhile counts', () =>
  inFolder(async dir => {
    await rabbitmq.ctl('trace_on', '-p', '/');
    const first = await Follower.open(dir);
    await first.is('on');
    await send('before');
    await until(async () => first.of('before').length === 1, 'queued');
    await first.close();
    await send('meanwhile');
    const second = await Follower.open(dir);
    try {
      await second.is('on');
      await until(async () => second.of('meanwhile').length === 1, 'what waited');
      await take('before');
      await sendStatus('before', 'done');
      await take('meanwhile');
      await sendStatus('meanwhile', 'error');
      await until(async () => second.events.length === 5, 'the end of both');
      const [, done] = second.of('before');
      assert.equal(types(second.of('before')), ['working', 'done']);
      assert.ok(done.waiting_seconds > 0.1 && done.working_seconds >= 0, JSON.stringify(done));
      const error = second.of('meanwhile').at(-1);
      assert.equal(types(second.of('meanwhile')), ['queued', 'working', 'error']);
      assert.is(error.waiting_seconds, undefined, 'when it was queued is not known');
      assert.type(error.working_seconds, 'number');
    } finally {
      await second.close();
    }
  }));

test('tracing that goes off and on again is noticed both times; a job that ended meanwhile is left alone', () =>
  inFolder(async dir => {
    const follower = await Follower.open(dir);
    try {
      await follower.is('on');
      await rabbitmq.ctl('trace_off', '-p', '/');
      await follower.is('off');
      await send('unseen');
      await take('unseen');
      await rabbitmq.ctl('trace_on', '-p', '/');
      await follower.is('on');
      await sendStatus('unseen', 'done');
      await until(async () => follower.of('unseen').length === 1, 'its end');
      assert.equal(types(follower.of('unseen')), ['done']);
    } finally {
      await follower.close();
    }
  }));

test('a job whose extractor says nothing for too long is stuck, and said to be, until it ends', () =>
  inFolder(async dir => {
    const follower = await Follower.open(dir);
    try {
      await follower.is('on');
      await send('silent');
      await take('silent');
      await until(async () => follower.of('silent').length === 2, 'working');
      follower.pass(3_600_000);
      await until(async () => follower.report?.jobs.stuck === 1, 'the silence');
      const stuck = follower.of('silent').at(-1);
      assert.equal([stuck.type, stuck.message], ['stuck', 'No word from its extractor for 60 minutes']);
      await sendStatus('silent', 'done');
      await until(async () => follower.of('silent').at(-1).type === 'done', 'the end');
      await until(async () => follower.report?.jobs.stuck === 0, 'all well');
      assert.is(follower.of('silent').length, 4);
    } finally {
      await follower.close();
    }
  }));

test('of two daemons one is handed the copies, and the other takes over; nothing is there twice', () =>
  inFolder(dir =>
    inFolder(async another => {
      const one = await Follower.open(dir);
      await one.is('on');
      const two = await Follower.open(another);
      try {
        await two.is('standby');
        assert.is(one.report?.tracing, 'on');
        await send('shared');
        await until(async () => one.of('shared').length === 1, 'queued');
        assert.equal(two.events, []);
        await one.close();
        await two.is('on');
        await take('shared');
        await sendStatus('shared', 'done');
        await until(async () => two.of('shared').length === 2, 'the end');
        assert.equal(types([...one.of('shared'), ...two.of('shared')]), ['queued', 'working', 'done']);
      } finally {
        await two.close();
      }
    }),
  ));

test('without the right to read the copies: said so, and well again once it is given', () =>
  inFolder(async dir => {
    await rabbitmq.ctl('add_user', 'poor', 'poor');
    await rabbitmq.ctl(
      'set_permissions',
      '-p',
      '/',
      'poor',
      '^event-sink',
      '^(event-sink.*|amq.default)$',
      '^event-sink',
    );
    const follower = await Follower.open(dir, rabbitmq.uri.replace(/\/\/([^@]*@)?/, '//poor:poor@'));
    try {
      await until(async () => follower.report?.error !== undefined, 'the refusal');
      assert.match(
        follower.report?.error?.message ?? '',
        /lacks the read permission on the exchange amq.rabbitmq.trace/,
      );
      const reads = ['^(event-sink.*|amq.rabbitmq.trace)$'];
      await rabbitmq.ctl('set_permissions', '-p', '/', 'poor', '^event-sink', '^(event-sink.*|amq.default)$', ...reads);
      const keys = '^(publish\\.|deliver\\.another)$';
      await rabbitmq.ctl('set_topic_permissions', '-p', '/', 'poor', 'amq.rabbitmq.trace', '', keys);
      await follower.is('on');
      // The deliveries of this queue may not be heard: its status tells.
      await send('least');
      await until(async () => follower.of('least').length === 1, 'queued');
      await take('least');
      await sendStatus('least', 'done');
      await until(async () => follower.of('least').length === 3, 'the end');
      assert.equal(types(follower.of('least')), ['queued', 'working', 'done']);
    } finally {
      await follower.close();
    }
  }));

test('a queue of that name that was declared in another way is left as it is, and said so', () =>
  inFolder(async dir => {
    await channel.deleteQueue('event-sink.extractions');
    await channel.assertQueue('event-sink.extractions', { durable: true });
    const follower = await Follower.open(dir);
    try {
      await until(async () => follower.report?.error !== undefined, 'the refusal');
      assert.instance(follower.report?.error, SetupError);
      assert.match(
        follower.report?.error?.message ?? '',
        /event-sink.extractions is there already, but declared in another/,
      );
      await channel.deleteQueue('event-sink.extractions');
      await follower.is('on');
    } finally {
      await follower.close();
    }
  }));

test('a server that restarts has switched tracing off: that is said, and the daemon goes on once it is on', () =>
  inFolder(async dir => {
    const follower = await Follower.open(dir);
    connection.removeAllListeners('error');
    connection.on('error', () => {});
    channel.on('error', () => {});
    try {
      await follower.is('on');
      await rabbitmq.restart();
      await follower.is('off');
      await rabbitmq.ctl('trace_on', '-p', '/');
      await follower.is('on');
      assert.equal(follower.states, ['unknown', 'on', 'unknown', 'off', 'on']);
    } finally {
      await follower.close();
    }
  }));

test.after(async () => {
  await connection.close().catch(() => {});
  await rabbitmq.stop();
});

test.run();
