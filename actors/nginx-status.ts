import { dispatch } from 'nact';
import { assertNever } from '../src/errors.js';
import { type PollerOptions, StubStatusPoller } from '../src/nginx/stub-status/poller.js';
import type { StubStatus } from '../src/nginx/stub-status/stub-status.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, NginxStatusMessage } from './protocol.js';

export interface NginxStatusOptions extends ActorTools, Omit<PollerOptions, 'onAnswer' | 'onFault'> {
  /** Where nginx is asked, as a person may see it. */
  readonly url: string;
}

/** Asks nginx for its own numbers. The poller goes on by itself; the board shows what it was answered last. */
export function spawnNginxStatus(parent: Parent, options: NginxStatusOptions): Actor<NginxStatusMessage> {
  const self = spawnActor<NginxStatusMessage>(
    parent,
    'nginx-status',
    options,
    (actor, status) => new NginxStatus(options, actor, status),
  );
  dispatch(self, { type: 'poll' });
  return self;
}

class NginxStatus implements Behaviour<NginxStatusMessage> {
  readonly #poller: StubStatusPoller;
  readonly #options: NginxStatusOptions;
  readonly #status: StatusLine;
  #closed = false;

  constructor(options: NginxStatusOptions, self: Actor<NginxStatusMessage>, status: StatusLine) {
    this.#options = options;
    this.#status = status;
    this.#poller = new StubStatusPoller({
      ...options,
      onAnswer: answer => dispatch(self, { type: 'answered', status: answer }),
      onFault: reason => dispatch(self, { type: 'unanswered', reason }),
    });
    status.update({ detail: { url: options.url } });
  }

  handle(message: NginxStatusMessage): void {
    switch (message.type) {
      case 'poll':
        return this.#poller.open();
      case 'answered':
        return this.#answered(message.status);
      case 'unanswered':
        return this.#unanswered(message.reason);
      case 'close':
        this.#closed = true;
        this.#status.update({ state: 'stopped' });
        this.#poller.close().then(message.reply.resolve, message.reply.reject);
        return;
      default:
        return assertNever(message);
    }
  }

  #answered({ active, reading, writing, waiting }: StubStatus): void {
    if (this.#closed) return;
    const { url, log } = this.#options;
    if (this.#status.status.state === 'holding') log.info({ url }, 'nginx-status.resumed');
    this.#status.update({ state: 'running', detail: { url, active, reading, writing, waiting } });
  }

  /** Logs each reason once. */
  #unanswered(reason: string): void {
    if (this.#closed) return;
    const { url, log, clock } = this.#options;
    const { state, lastError } = this.#status.status;
    if (state !== 'holding' || lastError?.message !== reason) log.warn({ url, reason }, 'nginx-status.unanswered');
    this.#status.update({ state: 'holding', lastError: { fault: 'transient', message: reason, at: clock.now() } });
  }
}
