// timeout: 300 s
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredFile } from '../../src/sinks/archive/store.js';
import type { VerifiedDay } from '../../src/sinks/archive/verify.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { s3Keys, startS3 } from '../helpers/servers/s3.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';
import { idsOf, inBucket, storeOf } from '../sinks/archive/archived.js';

/** By hand: `npm run proof -- archive`, ten thousand of them, with each broker. */
const count = Number(process.env.ARCHIVE_EVENTS ?? 300);
const brokers = (process.env.ARCHIVE_BROKERS ?? 'embedded').split(',');
const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const perRequest = 20;
const kills = Number(process.env.ARCHIVE_KILLS ?? 2);
const requestsBetweenKills = Math.max(1, Math.floor(count / perRequest / kills));

/** Numbers that look random and are the same in every run. */
let state = 19;
function roll(sides: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * sides);
}

/** On three days that are over. */
const events = Array.from({ length: count }, (_, index) => ({
  id: `archived-${index}`,
  category: 'download',
  type: 'file',
  created: Date.UTC(2026, 2, 15 + (index % 3), index % 24, index % 60),
  size: index,
}));

for (const broker of brokers) {
  test(`${broker}: ${count} events, twins and what is no event, daemon and S3 server killed: each is archived once`, async () => {
    const rabbitmq = broker === 'rabbitmq' ? required('rabbitmq', await startRabbitMQ()) : undefined;
    const server = await startS3();
    const place = inBucket(server, 'clowder');
    const env: Record<string, string> = {
      ARCHIVE_URL: `s3://${server.bucket}/clowder`,
      ARCHIVE_ENDPOINT: server.endpoint,
      ARCHIVE_ACCESS_KEY_ID: s3Keys.keyId,
      ARCHIVE_SECRET_ACCESS_KEY: s3Keys.secret,
      ARCHIVE_SEAL_HOURS: '0',
      // Not what the daemon itself says of problems that last.
      ARCHIVE_CATEGORIES: 'download',
      ARCHIVE_BATCH_SIZE: '150',
      ARCHIVE_LINGER_MS: '50',
      LOCAL_STORE: 'off',
      ...(rabbitmq === undefined ? {} : { RABBITMQ_URI: rabbitmq.uri }),
    };
    const daemon = await new TestDaemon({ env }).start();
    const send = (some: readonly object[]): Promise<unknown> =>
      until(
        async () => (await daemon.post(some).catch(() => undefined))?.status === 202,
        'events that are accepted',
        60_000,
      );
    try {
      let poisons = 0;
      for (let from = 0, requests = 0; from < count; from += perRequest, requests += 1) {
        const some = events.slice(from, from + perRequest);
        await send(some);
        if (requests % 3 === 0) await send(some);
        if (rabbitmq !== undefined && requests % 5 === 0) {
          await publish(rabbitmq.uri, `no event ${requests}`);
          poisons += 1;
        }
        if (requests % requestsBetweenKills !== requestsBetweenKills - 1) continue;
        // While it waits, is packed, is on its way, or after all that.
        await sleep(roll(200));
        const struck = roll(3);
        await Promise.all([struck !== 1 && daemon.kill(), struck !== 0 && server.kill9()]);
        if (struck !== 0) await server.start();
        if (struck !== 1) await daemon.start();
      }
      await daemon.drained(120_000);
      const dead = (await daemon.json('/v1/dead-letters?sink=archive&limit=1000')).dead_letters;
      // A kill between the two can leave a dead letter twice.
      assert.is(new Set(dead.map(({ body }) => body)).size, poisons);
      assert.equal(sorted(new Set(await idsOf({ place }))), sorted(events.map(({ id }) => id)));

      // What is over is sealed when the archive is opened, which the next event does.
      await daemon.kill('SIGTERM');
      await daemon.start();
      await send([{ id: 'the-last', category: 'download', created: Date.now() }]);
      await daemon.drained();
      await until(
        () => verify(daemon).days.filter(({ sealed, waiting }) => sealed && waiting === 0).length === 3,
        'seals',
        60_000,
      );
      const { code, days, err } = verify(daemon);
      assert.is(code, 0, err);
      assert.is(
        days.reduce((sum, day) => sum + day.events, 0),
        count,
      );
      assert.equal(sorted(await idsOf({ place })), sorted(['the-last', ...events.map(({ id }) => id)]), 'each once');

      const day = days[roll(3)]!;
      const [{ name: file }] = (await storeOf(place).list(`days/${day.day}/`)) as [StoredFile];
      changeOneByte(join(server.folder, 'clowder', `${file}._S3rver_object`));
      const found = verify(daemon);
      assert.is(found.code, 1);
      assert.equal(
        found.days.flatMap(({ flaws }) => flaws.map(one => [one.day, one.file])),
        [[day.day, file]],
      );
    } finally {
      await daemon.remove();
      await server.stop();
      await rabbitmq?.stop();
    }
  });
}

function verify(daemon: TestDaemon): { code: number | null; days: VerifiedDay[]; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'archive', 'verify'], {
    env: { PATH: process.env.PATH ?? '', DATA_DIR: daemon.dir, ...daemon.env },
    encoding: 'utf8',
  });
  const days = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as VerifiedDay);
  return { code: status, days, err: stderr };
}

function changeOneByte(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
}

/** To the exchange, as Clowder would. */
async function publish(uri: string, text: string): Promise<void> {
  const connection = await connect(uri);
  const channel = await connection.createConfirmChannel();
  channel.publish('clowder.metrics', '', Buffer.from(text), { persistent: true });
  await channel.waitForConfirms();
  await connection.close();
}

function sorted(ids: Iterable<string>): string[] {
  return [...ids].sort();
}

test.run();
