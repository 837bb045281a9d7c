import { dispatch, type Ref, spawn } from 'nact';
import type { Clock } from '../src/clock.js';
import type { DeliveryMeter } from '../src/delivery/meter.js';
import { assertNever, TransientError } from '../src/errors.js';
import type { Event } from '../src/events/event.js';
import type { SinkDefinition, SinkSession, SinkTools, WriteResult } from '../src/sinks/sink.js';
import type { Actor, ConsumerMessage, RestartPolicy, SinkMessage } from './protocol.js';

export interface SinkOptions {
  readonly definition: SinkDefinition;
  readonly config: unknown;
  readonly tools: SinkTools;
  readonly policy: RestartPolicy;
  readonly clock: Clock;
  readonly meter: DeliveryMeter;
  /** A write that takes longer is given up as transient, ms. */
  readonly writeDeadlineMs: number;
  /** Aborts at the end of an orderly shutdown's patience. */
  readonly giveUp: AbortSignal;
}

/** How long a session may take to heed its aborted signal before it is left behind, ms. */
const graceMs = 2_000;

/**
 * Owns the one living session of a sink. It is the only actor that lets an error reach its supervisor: it tells its consumer, closes the session and
 * throws; the policy waits out the backoff and resets it; the new beginning tells the consumer that it is ready. The session is opened lazily, since
 * nact restarts for ever, without a pause, what fails while it starts.
 */
export function spawnSink(
  parent: Ref<never>,
  consumer: Actor<ConsumerMessage>,
  options: SinkOptions,
): Actor<SinkMessage> {
  const { policy } = options;
  return spawn(
    parent,
    async (worker: SinkWorker, message: SinkMessage): Promise<SinkWorker> => {
      await worker.handle(message);
      return worker;
    },
    `${options.definition.name}-sink`,
    {
      initialStateFunc: () => {
        dispatch(consumer, { type: 'sinkReady' });
        return new SinkWorker(consumer, options);
      },
      onCrash: async (_message, error, context) => {
        await policy.crashed(error);
        return context.reset;
      },
    },
  ) as Actor<SinkMessage>;
}

class SinkWorker {
  #session: SinkSession | undefined;
  readonly #consumer: Actor<ConsumerMessage>;
  readonly #options: SinkOptions;

  constructor(consumer: Actor<ConsumerMessage>, options: SinkOptions) {
    this.#consumer = consumer;
    this.#options = options;
  }

  async handle(message: SinkMessage): Promise<void> {
    switch (message.type) {
      case 'write': {
        const { events } = message;
        const { definition, meter, policy } = this.#options;
        const { result, milliseconds } = await this.#guarded(async (session, signal) =>
          checked(await session.write(events, signal), events),
        );
        policy.succeeded();
        meter.written(definition.name, events.length, milliseconds, events[0]?.received ?? 0);
        return dispatch(this.#consumer, { type: 'written', result, milliseconds });
      }
      case 'probe':
        await this.#guarded((session, signal) => session.probe(signal));
        return dispatch(this.#consumer, { type: 'probed' });
      case 'close':
        await this.#close();
        return message.reply.resolve();
      default:
        return assertNever(message);
    }
  }

  /** One call on the session, within the deadline. On any error the session is closed, the consumer told, and the error thrown on. */
  async #guarded<T>(
    call: (session: SinkSession, signal: AbortSignal) => Promise<T>,
  ): Promise<{ result: T; milliseconds: number }> {
    const { definition, config, tools, policy, clock, meter, writeDeadlineMs, giveUp } = this.#options;
    const began = clock.monotonic();
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    const deadline = setTimeout(abort, writeDeadlineMs);
    if (giveUp.aborted) abort();
    giveUp.addEventListener('abort', abort, { once: true });
    const work = async (): Promise<T> => {
      if (this.#session === undefined) {
        const opened = await definition.open(config, tools);
        if (stop.signal.aborted) {
          await opened.close();
          throw new TransientError('opened too late');
        }
        this.#session = opened;
      }
      return call(this.#session, stop.signal);
    };
    try {
      const result = await orLeftBehind(work(), stop.signal);
      return { result, milliseconds: clock.monotonic() - began };
    } catch (thrown) {
      const error = stop.signal.aborted
        ? new TransientError(`no answer within ${Math.round(writeDeadlineMs / 1000)} s`, { cause: thrown })
        : thrown;
      await this.#close();
      const fault = policy.faultOf(error);
      meter.failed(definition.name, fault, clock.monotonic() - began);
      dispatch(this.#consumer, { type: 'sinkFailed', fault, error });
      throw error;
    } finally {
      clearTimeout(deadline);
      giveUp.removeEventListener('abort', abort);
    }
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const limit = new AbortController();
    await Promise.race([session.close().catch(() => undefined), this.#options.clock.sleep(graceMs, limit.signal)]);
    limit.abort();
  }
}

/** What the work gives, or an error when it does not heed its aborted signal in time. */
async function orLeftBehind<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let reject: (error: Error) => void;
  const leftBehind = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  const onAbort = (): void => {
    timer = setTimeout(() => reject(new TransientError('the call does not end')), graceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, leftBehind]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}

/** A sink that names an event it was not given, or one twice, has a defect: better found here than as a lost event. */
function checked(result: WriteResult, events: readonly Event[]): WriteResult {
  const indexes = [...(result.rejected ?? []).map(({ index }) => index), ...(result.deferred?.indexes ?? [])];
  if (new Set(indexes).size !== indexes.length || indexes.some(index => events[index] === undefined))
    throw new RangeError('the sink named an event that is not in the batch, or one twice');
  return result;
}
