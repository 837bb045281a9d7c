import type { AddressInfo } from 'node:net';
import { type Ref, spawn } from 'nact';
import { assertNever, describe } from '../src/errors.js';
import type { HttpServer } from '../src/http/server.js';
import { type Actor, type ActorTools, type HttpMessage, resumeAfterDefect } from './protocol.js';

export interface HttpOptions extends ActorTools {
  readonly server: HttpServer;
}

/** Owns the listener: opens it, says where it is, and closes it when everything that was begun is answered. */
export function spawnHttp(parent: Ref<never>, options: HttpOptions): Actor<HttpMessage> {
  const { path, server, board, log } = options;
  return spawn(
    parent,
    (_state: undefined, message: HttpMessage): undefined => {
      switch (message.type) {
        case 'listen':
          server.listen().then(
            info => {
              const address = addressOf(info);
              board.update(path, { state: 'running', detail: { address } });
              message.reply.resolve(address);
            },
            error => {
              board.update(path, { state: 'failed' });
              message.reply.reject(error);
            },
          );
          return;
        case 'close':
          board.update(path, { state: 'stopped' });
          server.close(message.patienceMs).then(message.reply.resolve, error => {
            log.warn({ reason: describe(error) }, 'listener.unclosed');
            message.reply.resolve();
          });
          return;
        default:
          return assertNever(message);
      }
    },
    'http',
    { onCrash: resumeAfterDefect(log, path) },
  ) as Actor<HttpMessage>;
}

function addressOf({ address, family, port }: AddressInfo): string {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
