import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from '../helpers/random.js';
import { worstText } from './values.js';

/**
 * Amplitude and InfluxDB at one address, which lie at length: megabytes of the worst texts under any status, headers
 * that go on and on, a byte now and then, an answer that never ends. Once it is `honest`, it takes everything.
 */
export class Liar {
  honest = false;
  /** Answers that were not what a destination should say. */
  lies = 0;
  readonly #random: Random;
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(random: Random) {
    this.#random = random;
    this.#server = createServer((request, response) => {
      response.on('error', () => {});
      request
        .on('error', () => {})
        .resume()
        .on('end', () => this.#answer(request, response));
    });
  }

  async start(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const random = this.#random;
    if (this.honest || random.chance(0.6)) {
      if (url.startsWith('/query')) response.end('{"results":[{"statement_id":0}]}');
      else if (!url.startsWith('/2/')) response.writeHead(204).end();
      else response.end('{"code":200,"events_ingested":1,"payload_size_bytes":1,"server_upload_time":1}');
      return;
    }
    this.lies += 1;
    const length = random.pick([1_000, 100_000, 1_000_000, 4_000_000]);
    const status = random.pick([200, 202, 204, 301, 400, 400, 401, 413, 429, 500, 503]);
    const kind = random.integer(1, 6);
    if (kind === 1) return this.#drip(response, worstText(random, 40));
    if (kind === 2)
      response.setHeader('Retry-After', random.pick(['9'.repeat(300), '-1', '0x10', '1e999', ' ', 'Fri, 99']));
    if (kind === 3)
      response.setHeader(
        'X-Long',
        Array.from({ length: 10 }, () => 'x'.repeat(1_000)),
      );
    if (kind === 4) response.setHeader('Location', `/${'a/../'.repeat(1_000)}`);
    response.writeHead(status, { 'content-type': random.pick(['application/json', 'text/html', 'x']) });
    if (kind === 5) response.end(JSON.stringify({ code: 400, error: worstText(random, length), missing_field: {} }));
    else response.end(worstText(random, length));
  }

  /** A byte each half second, until the other side has had enough. */
  #drip(response: ServerResponse, text: string): void {
    let at = 0;
    const timer = setInterval(() => {
      if (response.destroyed || at >= text.length) {
        clearInterval(timer);
        this.#timers.delete(timer);
        response.destroy();
      } else response.write(text[at++]);
    }, 500);
    this.#timers.add(timer);
  }
}
