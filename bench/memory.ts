import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/helpers/ports.js';
import { startRabbitMQ } from '../test/helpers/servers/rabbitmq.js';
import { benchDaemon, end } from './measure/daemon.js';
import { sampleList } from './measure/events.js';
import { figure, quick, type Row, report } from './measure/report.js';
import { memoryOf } from './measure/usage.js';

/**
 * Memory while events wait for a sink that is down, on either broker: nobody listens where InfluxDB
 * should be; the local store goes on.
 */
const max = quick ? 100_000 : 1_000_000;
const inRequest = 500;

async function measure(broker: string, env: Readonly<Record<string, string>>): Promise<Row> {
  const daemon = await benchDaemon({
    LOG_LEVEL: 'error',
    INFLUXDB_HOST: '127.0.0.1',
    INFLUXDB_PORT: String(await freePort()),
    ...env,
  }).start();
  const fingerprints: { waiting: number; rss: number }[] = [];
  try {
    for (let sent = 0; sent <= max; sent += inRequest) {
      if (sent % (max / 5) === 0) {
        await sleep(2_000);
        fingerprints.push({ waiting: sent, rss: memoryOf(daemon.pid).rss });
      }
      const response = await daemon.request('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: sampleList(sent, inRequest),
      });
      if (response.status !== 202) throw new Error(`answer ${response.status}: ${await response.text()}`);
    }
    const { sinks } = await daemon.json('/v1/status');
    const waiting = sinks.find(({ sink }) => sink === 'influxdb')?.pending ?? 0;
    if (waiting < max) throw new Error(`only ${waiting} events wait`);
    return {
      what: `Memory with ${figure(max)} events waiting for a sink that is down, ${broker}`,
      reached: memoryOf(daemon.pid).peak,
      target: 160,
      good: 'at most',
      unit: ' MB',
      details: [
        'the most that was ever resident, while they came in, 500 a request',
        `resident 2 s after this many: ${fingerprints.map(({ waiting, rss }) => `${figure(waiting)}: ${figure(rss)} MB`).join(', ')}`,
      ],
    };
  } finally {
    await end(daemon);
  }
}

const rows = [await measure('embedded', {})];
const server = await startRabbitMQ();
if (!('skip' in server)) {
  rows.push(await measure('RabbitMQ', { RABBITMQ_URI: server.uri }));
  await server.stop();
}
report(rows);
