import type { AddressInfo } from 'node:net';
import { dispatch } from 'nact';
import { assertNever, describe } from '../src/errors.js';
import type { HttpServer } from '../src/http/server.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, HttpMessage, Reply } from './protocol.js';

export interface HttpOptions extends ActorTools {
  readonly server: HttpServer;
}

/**
 * Owns the listener: opens it, says where it is, and closes it when every request that was begun is answered. A
 * listener that fails later is thrown to the supervisor: without it the daemon is deaf.
 */
export function spawnHttp(parent: Parent, options: HttpOptions): Actor<HttpMessage> {
  return spawnActor(parent, 'http', options, (self, status) => new Http(options, self, status));
}

class Http implements Behaviour<HttpMessage> {
  readonly #options: HttpOptions;
  readonly #self: Actor<HttpMessage>;
  readonly #status: StatusLine;

  constructor(options: HttpOptions, self: Actor<HttpMessage>, status: StatusLine) {
    this.#options = options;
    this.#self = self;
    this.#status = status;
  }

  handle(message: HttpMessage): void {
    switch (message.type) {
      case 'listen':
        return this.#listen(message.reply);
      case 'failed':
        this.#status.update({ state: 'failed' });
        throw message.error;
      case 'close':
        return this.#close(message.timeoutMs, message.reply);
      default:
        return assertNever(message);
    }
  }

  #listen(reply: Reply<string>): void {
    this.#options.server
      .listen(error => dispatch(this.#self, { type: 'failed', error }))
      .then(
        info => {
          const address = addressOf(info, this.#options.server.scheme);
          this.#status.update({ state: 'running', detail: { address } });
          reply.resolve(address);
        },
        error => {
          this.#status.update({ state: 'failed' });
          reply.reject(error);
        },
      );
  }

  #close(timeoutMs: number, reply: Reply<void>): void {
    this.#status.update({ state: 'stopped' });
    this.#options.server.close(timeoutMs).then(reply.resolve, error => {
      this.#options.log.warn({ reason: describe(error) }, 'listener.unclosed');
      reply.resolve();
    });
  }
}

function addressOf({ address, family, port }: AddressInfo, scheme: string): string {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${scheme}://${host}:${port}`;
}
