import { dispatch } from 'nact';
import type { Clock } from '../src/clock.js';
import type { DeliveryMeter } from '../src/delivery/meter.js';
import type { Rate } from '../src/delivery/rate.js';
import { assertNever, HaltedError, TransientError } from '../src/errors.js';
import type { SinkStalls } from '../src/event-loop/stalls.js';
import type { Event } from '../src/events/event.js';
import type { SinkDefinition, SinkSession, SinkTools, WriteResult } from '../src/sinks/sink.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, ConsumerMessage, FailedWrite, SinkFault, SinkMessage } from './protocol.js';

/**
 * What the supervisor decides about a sink. Implemented in supervisors/restart.ts, the one place that interprets
 * faults.
 */
export interface RestartPolicy {
  faultOf(error: unknown): SinkFault;
  /** Resolves when the backoff is over (at once at shutdown): the sink may begin again. Never rejects. */
  crashed(error: unknown): Promise<void>;
  /** All writes of a round succeeded; or a probe, after a long hold. */
  succeeded(): void;
  /** The destination asked to be left alone for this long, ms: it is, whatever the error that is thrown next. */
  asked(milliseconds: number): void;
  /** Every event fails: try slowly from now on, until something succeeds. */
  park(): void;
}

export interface SinkOptions extends Pick<ActorTools, 'board' | 'onCrash'> {
  readonly definition: SinkDefinition;
  readonly config: unknown;
  readonly tools: SinkTools;
  readonly policy: RestartPolicy;
  readonly clock: Clock;
  readonly meter: DeliveryMeter;
  /** A write that takes longer is abandoned as transient, ms. */
  readonly writeDeadlineMs: number;
  /** Aborts when shutdown's patience ends. */
  readonly giveUp: AbortSignal;
  readonly stalls?: SinkStalls | undefined;
  /** Undefined: as fast as the destination takes them. */
  readonly rate?: Rate | undefined;
}

/** How long a session may take to end after its signal has aborted before it is abandoned, ms. */
const graceMs = 2_000;

/**
 * Owns the one open session of a sink. Its errors go to its supervisor: it notifies its consumer, closes the session
 * and throws; the supervisor waits out the backoff and resets it; the fresh start tells the consumer that it is ready.
 * The session is opened lazily, since nact restarts for ever, without a pause, what fails while it starts.
 */
export function spawnSink(parent: Parent, consumer: Actor<ConsumerMessage>, options: SinkOptions): Actor<SinkMessage> {
  return spawnActor<SinkMessage>(parent, 'sink', options, (_self, status) => {
    if (options.rate !== undefined) status.update({ detail: { rate: options.rate.limit } });
    dispatch(consumer, { type: 'sinkReady' });
    return new SinkWorker(consumer, options);
  });
}

class SinkWorker implements Behaviour<SinkMessage> {
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
        const { rate, giveUp } = this.#options;
        await rate?.turn(message.batches.flat().length, giveUp);
        return this.#write(message.batches);
      }
      case 'probe':
        await this.#guarded([(session, signal) => session.probe(signal)], () => undefined);
        return dispatch(this.#consumer, { type: 'probed' });
      case 'close':
        await this.#close();
        return message.reply.resolve();
      default:
        return assertNever(message);
    }
  }

  async #write(batches: readonly (readonly Event[])[]): Promise<void> {
    const { stalls } = this.#options;
    const atWork = new Set(batches);
    const note = await stalls?.begin(idsOf(atWork));
    // One that was given up may end much later, beside what comes then: it counts once.
    const ended = (events: readonly Event[]): void => {
      if (atWork.delete(events)) note?.(idsOf(atWork));
    };
    const calls = batches.map(
      (events): Call<WriteResult> =>
        async (session, signal, halt) => {
          try {
            return checked(await session.write(events, signal, halt), events);
          } finally {
            ended(events);
          }
        },
    );
    try {
      await this.#guarded(calls, (index, result, milliseconds) =>
        this.#written({ index, events: batches[index] ?? [], result, milliseconds }),
      );
      this.#options.policy.succeeded();
    } finally {
      for (const events of batches) ended(events);
    }
  }

  #written({ index, events, result, milliseconds }: Written): void {
    const { definition, meter } = this.#options;
    const conflicts = (result.conflicts ?? []).flatMap(position => events[position]?.id ?? []);
    if (conflicts.length > 0) meter.conflicted?.(definition.name, conflicts);
    meter.written(definition.name, events.length, milliseconds, events[0]?.received ?? 0);
    dispatch(this.#consumer, { type: 'written', index, result, milliseconds });
  }

  /**
   * Calls on the session, all at once, within the deadline. At the first error the others are asked to begin nothing
   * more. When all have ended, and there was any, the session is closed, the consumer notified, and the gravest thrown.
   */
  async #guarded<T>(
    calls: readonly Call<T>[],
    onResult: (index: number, result: T, milliseconds: number) => void,
  ): Promise<void> {
    const { definition, config, tools, policy, clock, meter, writeDeadlineMs, giveUp } = this.#options;
    const began = clock.monotonic();
    const stop = new AbortController();
    const halt = new AbortController();
    const abort = (): void => stop.abort();
    const deadline = setTimeout(abort, writeDeadlineMs);
    if (giveUp.aborted) abort();
    giveUp.addEventListener('abort', abort, { once: true });
    const open = async (): Promise<SinkSession> => {
      if (this.#session !== undefined) return this.#session;
      const opened = await definition.open(config, tools);
      if (stop.signal.aborted) {
        await opened.close();
        throw new TransientError('opened too late');
      }
      this.#session = opened;
      return opened;
    };
    const opening = open();
    const failed: FailedWrite[] = [];
    const guard = async (call: Call<T>, index: number): Promise<void> => {
      let result: T;
      try {
        const work = opening.then(session => call(session, stop.signal, halt.signal));
        result = await orAbandoned(work, stop.signal);
      } catch (thrown) {
        const error = stop.signal.aborted
          ? new TransientError(`no answer within ${Math.round(writeDeadlineMs / 1000)} s`, { cause: thrown })
          : thrown;
        halt.abort();
        const fault = policy.faultOf(error);
        failed.push({ index, fault, error });
        if (!(error instanceof HaltedError)) meter.failed(definition.name, fault, clock.monotonic() - began);
        return;
      }
      onResult(index, result, clock.monotonic() - began);
    };
    try {
      await Promise.all(calls.map(guard));
    } finally {
      clearTimeout(deadline);
      giveUp.removeEventListener('abort', abort);
    }
    const [gravest] = failed.toSorted((one, other) => gravity(other) - gravity(one));
    if (gravest === undefined) return;
    await this.#close();
    policy.asked(Math.max(...failed.map(({ error }) => askedBy(error))));
    const { fault, error } = gravest;
    dispatch(this.#consumer, { type: 'sinkFailed', fault, error, failed });
    throw error;
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

type Call<T> = (session: SinkSession, signal: AbortSignal, halt: AbortSignal) => Promise<T>;

const idsOf = (batches: Iterable<readonly Event[]>): string[] => [...batches].flat().map(({ id }) => id);

interface Written {
  readonly index: number;
  readonly events: readonly Event[];
  readonly result: WriteResult;
  readonly milliseconds: number;
}

/**
 * Which of several failures says what the sink waits for: a person, then the destination that asks for most; then a
 * bug, and last what was only halted by another.
 */
function gravity({ fault, error }: FailedWrite): number {
  if (fault === 'setup') return Number.POSITIVE_INFINITY;
  if (error instanceof HaltedError) return -2;
  if (fault === 'bug') return -1;
  return askedBy(error);
}

/** How long the destination asked to be left alone, ms. */
function askedBy(error: unknown): number {
  return error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
}

/** The work's result, or an error when it does not end soon after its signal has aborted. */
async function orAbandoned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let reject: (error: Error) => void;
  const abandoned = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  const onAbort = (): void => {
    timer = setTimeout(() => reject(new TransientError('the call did not end after it was aborted')), graceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}

/**
 * A sink that names an event it was not given, or names one twice, has a defect: better found here than as a lost
 * event.
 */
function checked(result: WriteResult, events: readonly Event[]): WriteResult {
  const indexes = [...(result.rejected ?? []).map(({ index }) => index), ...(result.deferred?.indexes ?? [])];
  if (new Set(indexes).size !== indexes.length || indexes.some(index => events[index] === undefined))
    throw new RangeError('the sink named an event that is not in the batch, or one twice');
  return result;
}
