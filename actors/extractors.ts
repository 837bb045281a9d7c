import { dispatch } from 'nact';
import type { Clock } from '../src/clock.js';
import { assertNever } from '../src/errors.js';
import { HeartbeatListener, type HeartbeatOptions } from '../src/extractors/heartbeats.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, ExtractorsMessage } from './protocol.js';

export interface ExtractorsOptions extends ActorTools, Omit<HeartbeatOptions, 'onHeard' | 'onUnheard'> {
  readonly clock: Clock;
}

/**
 * Listens to the heartbeats of extractors. The listener connects, and connects again, by itself; the
 * board shows whether it hears anything.
 */
export function spawnExtractors(parent: Parent, options: ExtractorsOptions): Actor<ExtractorsMessage> {
  const self = spawnActor<ExtractorsMessage>(
    parent,
    'extractors',
    options,
    (actor, status) => new ExtractorSource(options, actor, status),
  );
  dispatch(self, { type: 'listen' });
  return self;
}

class ExtractorSource implements Behaviour<ExtractorsMessage> {
  readonly #listener: HeartbeatListener;
  readonly #clock: Clock;
  readonly #status: StatusLine;
  #closed = false;

  constructor(options: ExtractorsOptions, self: Actor<ExtractorsMessage>, status: StatusLine) {
    this.#clock = options.clock;
    this.#status = status;
    this.#listener = new HeartbeatListener({
      ...options,
      onHeard: () => dispatch(self, { type: 'heard' }),
      onUnheard: reason => dispatch(self, { type: 'unheard', reason }),
    });
  }

  handle(message: ExtractorsMessage): void {
    switch (message.type) {
      case 'listen':
        return this.#listener.open();
      case 'heard':
        return this.#closed ? undefined : this.#status.update({ state: 'running' });
      case 'unheard': {
        if (this.#closed) return;
        const lastError = { fault: 'transient', message: message.reason, at: this.#clock.now() } as const;
        return this.#status.update({ state: 'holding', lastError });
      }
      case 'close':
        this.#closed = true;
        this.#status.update({ state: 'stopped' });
        this.#listener.close().then(message.reply.resolve, message.reply.reject);
        return;
      default:
        return assertNever(message);
    }
  }
}
