import { type Histogram, Registry } from 'prom-client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestDurations } from '../../src/status/request-durations.js';

test('it reads as a histogram of Prometheus does, a series for each method, route and status', async () => {
  const registry = new Registry();
  const durations = new RequestDurations();
  registry.registerMetric(durations as unknown as Histogram);
  for (const seconds of [0.001, 0.002, 0.3, 11]) durations.observe('POST', '/v1/events', 202, seconds);
  durations.observe('POST', '/v1/events', 400, 0);
  durations.observe('GET', '/v1/events', 202, 0);
  const lines = (await registry.metrics()).split('\n');
  const at = (name: string, status: number, le = ''): string | undefined =>
    lines
      .find(line => line.startsWith(`${name}{${le}method="POST",route="/v1/events",status="${status}"}`))
      ?.split(' ')
      .at(-1);
  const name = 'event_sink_http_request_duration_seconds';
  assert.ok(lines.includes(`# TYPE ${name} histogram`));
  const counts = [0.001, 0.0025, 0.25, 0.5, 10, '+Inf'].map(le => at(`${name}_bucket`, 202, `le="${le}",`));
  assert.equal(counts, ['1', '2', '2', '3', '3', '4']);
  assert.equal([at(`${name}_count`, 202), at(`${name}_sum`, 202)], ['4', '11.303']);
  assert.is(at(`${name}_count`, 400), '1');
  assert.ok(lines.some(line => line.startsWith(`${name}_count{method="GET"`)));
});

test.run();
