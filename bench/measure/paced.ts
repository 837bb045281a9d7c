import { Agent, request } from 'node:http';

export interface PacedOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly body: () => string;
}

/**
 * Sends requests at their times, whether those before are answered or not; latency counts from when a request was due,
 * so that a server which falls behind cannot hide it. Resolves with the latencies in ascending order, ms.
 */
export async function paced({
  port,
  path,
  headers,
  rate,
  seconds,
  body,
}: PacedOptions): Promise<{ latencies: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const latencies: number[] = [];
  const began = performance.now();
  const count = rate * seconds;
  let started = 0;
  let ended = 0;
  await new Promise<void>((resolve, reject) => {
    const send = (due: number): void => {
      const text = body();
      const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const sent = request({
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent,
        headers: { ...headers, ...length },
      });
      sent.on('response', response => {
        response.resume();
        if (response.statusCode !== 202) return reject(new Error(`answer ${response.statusCode}`));
        response.on('end', () => {
          latencies.push(performance.now() - due);
          ended += 1;
          if (ended === count) resolve();
        });
      });
      sent.on('error', reject);
      sent.end(text);
    };
    const timer = setInterval(() => {
      while (started < count && performance.now() >= began + (started * 1000) / rate) {
        send(began + (started * 1000) / rate);
        started += 1;
      }
      if (started === count) clearInterval(timer);
    }, 1);
  });
  agent.destroy();
  return { latencies: latencies.sort((a, b) => a - b) };
}
