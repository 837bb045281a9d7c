import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { influxdbSink } from '../../../src/sinks/influxdb.js';
import { freePorts } from '../../helpers/ports.js';
import { findProgram, Running } from '../../helpers/running.js';
import { sinkTools, someEvents } from '../../helpers/sink-session.js';
import { required, type Skip } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';

const server = required('victoria-metrics', await startVictoriaMetrics());

async function startVictoriaMetrics(): Promise<{ url: string; stop(): Promise<void> } | Skip> {
  const program = findProgram('victoria-metrics', '/usr/bin/victoria-metrics');
  if (!program) return { skip: 'no victoria-metrics found: install it, or run `npm run verify` as root' };
  const folder = temporaryFolder();
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const running = new Running(program, [
    `-storageDataPath=${folder.path}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-search.latencyOffset=0s',
    '-loggerLevel=WARN',
    '-memory.allowedPercent=5',
    '-retentionPeriod=100y',
  ]);
  await until(async () => (await fetch(`${url}/health`)).ok, 'a VictoriaMetrics that answers');
  return {
    url,
    stop: async () => {
      await running.stop();
      folder.remove();
    },
  };
}

test.after(() => server.stop());

/**
 * It answers 204 to anything, so what counts is what is there afterwards: it keeps numbers only, by the millisecond.
 */
test('a second server that speaks version 2: every line is one it can read', async () => {
  const config = {
    server: { version: 2, url: server.url, token: '', org: '', bucket: 'events', gzip: true },
    measurement: 'events',
    tags: ['category', 'type'],
  } as const;
  const session = await influxdbSink.open(config, sinkTools());
  const awkward = ['a\nb', 'ends in \\', 'comma, equals = and "quotes"', '', '# no comment'];
  const events = someEvents(200, index => ({ size: index, type: awkward[index % 5], message: awkward[index % 5] }));
  const signal = new AbortController().signal;
  await session.probe(signal);
  assert.equal(await session.write(events, signal), { rejected: [] });
  await session.close();
  await fetch(`${server.url}/internal/force_flush`);
  const text = await (await fetch(`${server.url}/api/v1/export?match[]=events_size`)).text();
  const values = text
    .split('\n')
    .filter(line => line !== '')
    .flatMap(line => (JSON.parse(line) as { values: number[] }).values);
  assert.equal(
    values.sort((a, b) => a - b),
    events.map((_, index) => index),
  );
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /vm_rows_invalid_total\{type="influx"\} 0/);
});

test.run();
