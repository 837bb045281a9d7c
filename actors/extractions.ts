import { dispatch } from 'nact';
import { PermissionError } from '../src/broker/rabbitmq/errors.js';
import type { Clock } from '../src/clock.js';
import { assertNever, SetupError } from '../src/errors.js';
import { ExtractionListener, type ExtractionOptions, type ExtractionReport } from '../src/extractors/extractions.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, ExtractionsMessage } from './protocol.js';

export interface ExtractionsOptions extends ActorTools, Omit<ExtractionOptions, 'onReport'> {
  readonly clock: Clock;
  /**
   * Commands for a person: they switch tracing on, give the user of RABBITMQ_URI the permissions that it lacks, and
   * remove a queue that is there in another form.
   */
  readonly commands: { readonly tracing: string; readonly permissions: string; readonly removal: string };
}

/**
 * Follows extractions. The listener connects, and connects again, by itself; the board shows what it hears, and which
 * jobs are open.
 */
export function spawnExtractions(parent: Parent, options: ExtractionsOptions): Actor<ExtractionsMessage> {
  const self = spawnActor<ExtractionsMessage>(
    parent,
    'extractions',
    options,
    (actor, status) => new ExtractionSource(options, actor, status),
  );
  dispatch(self, { type: 'follow' });
  return self;
}

class ExtractionSource implements Behaviour<ExtractionsMessage> {
  readonly #listener: ExtractionListener;
  readonly #clock: Clock;
  readonly #status: StatusLine;
  readonly #commands: ExtractionsOptions['commands'];
  #closed = false;

  constructor(options: ExtractionsOptions, self: Actor<ExtractionsMessage>, status: StatusLine) {
    this.#clock = options.clock;
    this.#status = status;
    this.#commands = options.commands;
    this.#listener = new ExtractionListener({
      ...options,
      onReport: report => dispatch(self, { type: 'reported', report }),
    });
  }

  handle(message: ExtractionsMessage): void {
    switch (message.type) {
      case 'follow':
        return this.#listener.open();
      case 'reported':
        return this.#closed ? undefined : this.#show(message.report);
      case 'close':
        this.#closed = true;
        this.#status.update({ state: 'stopped' });
        this.#listener.close().then(message.reply.resolve, message.reply.reject);
        return;
      default:
        return assertNever(message);
    }
  }

  #show({ tracing, error, jobs }: ExtractionReport): void {
    const { queued, working, stuck, oldestStuck } = jobs;
    const oldest = oldestStuck && { stuck_job: oldestStuck.jobId, stuck_extractor: oldestStuck.extractor };
    const detail = { tracing, queued, working, stuck, ...oldest };
    if (error === undefined && tracing !== 'off') return this.#status.update({ state: 'running', detail });
    const fault = error === undefined || error instanceof SetupError ? 'setup' : 'transient';
    const message = error?.message ?? 'tracing is off in RabbitMQ, so that extractions cannot be followed';
    const { permissions, removal } = this.#commands;
    const lacking = error instanceof PermissionError ? permissions : removal;
    const command = error === undefined ? this.#commands.tracing : lacking;
    this.#status.update({
      state: 'holding',
      detail: fault === 'setup' ? { ...detail, command } : detail,
      lastError: { fault, message, at: this.#clock.now() },
    });
  }
}
