// timeout: 300 s
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../../openapi/api-types.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { pyclowder } from '../../helpers/servers/pyclowder.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const extractors = required('pyclowder', pyclowder());
const rabbitmq = required('rabbitmq', await startRabbitMQ());
const connection = await connect(rabbitmq.uri);
const channel = await connection.createConfirmChannel();

const jobs = 200;
const queue = 'ncsa.sample';
/** What Clowder reads the status from. */
const replies = 'clowder.test';
const secretKey = 'a-key-that-nobody-may-see';
const kinds = ['plain', 'plain', 'plain', 'plain', 'abort', 'plain', 'plain', 'flaky', 'plain', 'skip'];

/** As Clowder 1 sends it, and as Clowder 2, in turn. */
function job(index: number) {
  const id = (0x6000_0000 + index).toString(16).padEnd(24, '0');
  const filename = `${kinds[index % kinds.length]}-${index}.tif`;
  const [host, routing_key] = ['http://clowder.example.org', `extractors.${queue}`];
  const common = { host, secretKey, id, datasetId: 'd'.repeat(24), filename, flags: '', routing_key };
  return index % 2 === 0
    ? { ...common, msgid: id, jobid: id, fileSize: '48213', intermediateId: id, activity: 'submitted', target: '{}' }
    : { ...common, job_id: id, fileSize: 48_213, resource_type: 'file', retry_count: 0, parameters: {} };
}

async function sendOverHttp(daemon: TestDaemon, message: object): Promise<void> {
  const properties = { reply_to: replies, content_type: 'application/json', persistent: false };
  const response = await daemon.request('/v1/publish', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queue, message, properties }),
  });
  assert.is(response.status, 202);
}

async function problems(daemon: TestDaemon): Promise<string> {
  return JSON.stringify((await daemon.json('/v1/status')).problems);
}

async function detailOf(daemon: TestDaemon): Promise<Readonly<Record<string, unknown>>> {
  const { actors } = await daemon.json('/v1/status');
  return actors.find(({ path }) => path === 'ingress/extractions')?.detail ?? {};
}

/** `rabbitmqctl`, as rows of columns. */
async function list(what: string, ...columns: string[]): Promise<string[][]> {
  const output = await rabbitmq.ctl(what, '-p', '/', '--no-table-headers', ...columns);
  return output
    .trim()
    .split('\n')
    .map(line => line.split('\t'));
}

const count = (events: readonly StoredEvent[], ...types: string[]): number =>
  events.filter(({ type }) => types.includes(String(type))).length;

test('200 jobs of a real extractor, some failing, some over HTTP: each is queued, begun and ended once', async () => {
  const daemon = new TestDaemon({ env: { RABBITMQ_URI: rabbitmq.uri, EXTRACTION_EVENTS: 'on' } });
  const workers: { stop(): Promise<void> }[] = [];
  try {
    await daemon.start();
    await until(async () => /trace_on -p \//.test(await problems(daemon)), 'the problem');
    await rabbitmq.ctl('trace_on', '-p', '/');
    await until(async () => (await detailOf(daemon)).tracing === 'on', 'tracing');
    await until(async () => !(await problems(daemon)).includes('xtraction'), 'no problem');

    assert.not.ok((await list('list_queues', 'name')).flat().includes(queue), 'nobody but extractors declares it');
    await channel.assertQueue(replies, { durable: true });
    for (let worker = 0; worker < 4; worker += 1) workers.push(extractors.start({ uri: rabbitmq.uri, queue }));
    const consumers = async (name: string) =>
      (await list('list_consumers', 'queue_name')).flat().filter(one => one === name);
    await until(async () => (await consumers(queue)).length === 4, 'the extractors');

    for (let index = 0; index < jobs; index += 1) {
      const message = job(index);
      if (index % 4 === 3) await sendOverHttp(daemon, message);
      else channel.sendToQueue(queue, Buffer.from(JSON.stringify(message)), { replyTo: replies });
    }
    await channel.waitForConfirms();
    const ended = async () => count(await daemon.stored('extraction_status'), 'done', 'error') >= jobs;
    await until(ended, 'the end of all jobs', 200_000, 1_000);
    // The status is renewed once a second: what it shows may be older than the last events.
    const isIdle = ({ queued, working }: Readonly<Record<string, unknown>>) => queued === 0 && working === 0;
    await until(async () => isIdle(await detailOf(daemon)), 'a status without an open job');

    const events = await daemon.stored('extraction_status');
    const counts = ['queued', 'working', 'done', 'error', 'stuck'].map(type => count(events, type));
    assert.equal(counts, [jobs, jobs, 180, 20, 0]);
    assert.is(new Set(events.map(({ job_id, type }) => `${job_id} ${type}`)).size, 3 * jobs);
    for (const event of events) {
      assert.equal([event.extractor_name, event.resource_type, event.dataset_id], [queue, 'file', 'd'.repeat(24)]);
      assert.is(event.job_id, event.resource_id);
      assert.is(event.file_id, event.resource_id);
      if (event.type !== 'queued') assert.type(event.waiting_seconds, 'number', `${event.type} ${event.job_id}`);
      if (event.type === 'queued') assert.is(event.size, 48_213);
      if (event.type !== 'done' && event.type !== 'error') continue;
      assert.ok((event.working_seconds as number) >= 0 && (event.working_seconds as number) < 200);
      const [kind] = String(event.resource_name).split('-');
      assert.is(event.type, kind === 'abort' ? 'error' : 'done');
      assert.is(event.attempts, kind === 'flaky' ? 2 : 1);
      assert.is(event.skipped, kind === 'skip' ? true : undefined);
    }

    // The extractor's queue is as the extractor made it, and no consumer but the extractors was ever there.
    const queues = await list('list_queues', 'name', 'durable', 'arguments', 'consumers');
    assert.equal(
      queues.find(([name]) => name === queue),
      [queue, 'true', '[]', '4'],
    );
    assert.equal(queues.find(([name]) => name === replies)?.[3], '0');
    assert.is((await consumers('event-sink.extractions')).length, 1);
    const bindings = await list('list_bindings', 'source_name', 'destination_name', 'routing_key');
    const ours = bindings.filter(([source]) => source === 'amq.rabbitmq.trace').map(row => row.slice(1).join(' '));
    assert.equal(ours.sort(), ['event-sink.extractions deliver.ncsa.sample', 'event-sink.extractions publish.']);

    for (const name of readdirSync(daemon.dir))
      assert.is(readFileSync(join(daemon.dir, name)).includes(secretKey), false, `the key of a user in ${name}`);
    assert.not.match(daemon.output, secretKey);
  } finally {
    for (const worker of workers) await worker.stop();
    await daemon.remove();
  }
});

test.after(async () => {
  await connection.close();
  await rabbitmq.stop();
});

test.run();
