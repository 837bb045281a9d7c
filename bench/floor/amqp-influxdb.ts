import { Agent, request } from 'node:http';
import { consume } from './consume.js';

/**
 * The floor of RabbitMQ → InfluxDB 1.x: parse, put into lines, write, acknowledge. Lines as long as the daemon's (its
 * id of 32 characters is a counter here), the same tags and fields. Nothing is checked or escaped, no type is known, no
 * two points are told apart.
 */
const { URI = '', QUEUE = '', PORT = '', DATABASE = '', COUNT = '5000', LINGER_MS = '200' } = process.env;
const tags = new Set(['type', 'category', 'user_id', 'healthy', 'author_id', 'extractor_name']);
const agent = new Agent({ keepAlive: true });
let number = 0;

function line(event: Readonly<Record<string, unknown>>): string {
  let series = 'events';
  number += 1;
  let fields = `event_id="${String(number).padStart(32, '0')}"`;
  for (const name of Object.keys(event)) {
    const value = event[name];
    if (name === 'created') continue;
    if (tags.has(name)) series += `,${name}=${value}`;
    else fields += typeof value === 'number' ? `,${name}=${value}i` : `,${name}="${value}"`;
    if (name === 'size') fields += `,bytes=${value}i`;
  }
  return `${series} ${fields} ${event.created}${String(number % 1_000_000).padStart(6, '0')}`;
}

function post(body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = `/write?db=${DATABASE}&precision=ns`;
    const bytes = Buffer.from(body);
    const sent = request({ host: '127.0.0.1', port: PORT, path, method: 'POST', agent }, response => {
      response.resume();
      if (response.statusCode === 204) response.on('end', resolve);
      else reject(new Error(`InfluxDB answered ${response.statusCode}`));
    });
    sent.setHeader('content-length', bytes.length);
    sent.on('error', reject);
    sent.end(bytes);
  });
}

await consume({
  uri: URI,
  queue: QUEUE,
  count: Number(COUNT),
  lingerMs: Number(LINGER_MS),
  write: messages => post(messages.map(({ content }) => line(JSON.parse(content.toString()))).join('\n')),
});
