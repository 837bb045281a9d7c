import { backoffs, ceilingMs } from '../backoff.js';
import { traceQueueName } from '../broker/queue-names.js';
import { Connection, type LiveConnection } from '../broker/rabbitmq/connection.js';
import {
  type Trace,
  type TraceLimits,
  TraceListener,
  traceExchange,
} from '../broker/rabbitmq/consume/trace-listener.js';
import { describe, SetupError, TransientError } from '../errors.js';
import type { JobCounts, Seen } from './jobs/jobs.js';
import { JobRecorder, type JobRecorderOptions } from './jobs/recorder.js';
import { type Sighting, sightingOf } from './jobs/sighting.js';
import { Tracing, type TracingState } from './tracing.js';

export interface ExtractionOptions extends JobRecorderOptions {
  readonly nodes: readonly string[];
  /** Called once a second, and when nothing can be heard. */
  readonly onReport: (report: ExtractionReport) => void;
}

export interface ExtractionReport {
  readonly tracing: TracingState;
  /** Why nothing is heard; it tries again. */
  readonly error: TransientError | SetupError | undefined;
  readonly jobs: JobCounts;
}

/** Copies hold the keys of users, so they should not lie about for long. */
const traceLimits: TraceLimits = {
  messages: 100_000,
  bytes: 128 * 1024 * 1024,
  ageMs: 24 * 3_600_000,
  unusedMs: 7 * 24 * 3_600_000,
};
/** Handed out here and not acknowledged. */
const prefetch = 2_000;
/** Extractor queues whose deliveries are heard; the status messages tell of others. */
const maxQueues = 1_000;
const tickMs = 1_000;
/** What comes within this time is one commit, ms. */
const lingerMs = 100;
/** What an orderly end of the channel may take, ms. */
const closeTimeoutMs = 2_000;
/** After listening begins, nothing is called stuck for this long, ms. */
const settleMs = 60_000;

interface Arrived {
  /** Without the message itself: whatever passes on the broker may be large. */
  readonly trace: Omit<Trace, 'content'>;
  readonly sighting: Sighting | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * Follows extractions from the copies of messages that RabbitMQ makes while tracing is on. Nothing that belongs to
 * Clowder or to an extractor is declared, bound or consumed, and tracing is never switched on or off from here.
 */
export class ExtractionListener {
  readonly #options: ExtractionOptions;
  readonly #connection: Connection;
  readonly #recorder: JobRecorder;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Monotonic ms. */
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ExtractionOptions) {
    this.#options = options;
    this.#connection = new Connection({ ...options, name: 'event-sink extractions' });
    this.#recorder = new JobRecorder(options, this.#stop.signal);
  }

  /** Begins; does not wait for the server. */
  open(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#connection.close();
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    if (!(await this.#recorder.load())) return;
    void this.#connection.open();
    let logged: string | undefined;
    for (;;) {
      const live = await this.#connection.live(signal);
      if (live === undefined) return;
      let fault: TransientError | SetupError = new TransientError('the connection to RabbitMQ is lost');
      try {
        await this.#listen(live);
        logged = undefined;
      } catch (error) {
        fault = faultOf(error);
        if (fault.message !== logged) log.warn({ reason: fault.message }, 'extractions.unheard');
        logged = fault.message;
      }
      if (signal.aborted) return;
      this.#report('unknown', fault);
      await clock.sleep(ceilingMs(backoffs.extractions, 0), signal);
    }
  }

  /** Until the channel is lost. @throws TransientError, SetupError */
  async #listen(live: LiveConnection): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    let arrived: Arrived[] = [];
    let over = false;
    let wake = (): void => {};
    const onTrace = ({ content, ...trace }: Trace): void => {
      arrived.push({ trace, sighting: sightingOf({ ...trace, content }), at: clock.now() });
      wake();
    };
    const listener = await TraceListener.open(live, { queue: traceQueueName, limits: traceLimits, prefetch, onTrace });
    void listener.gone.then(() => {
      over = true;
      wake();
    });
    log.info({ queue: traceQueueName, waiting: listener.waiting }, 'extractions.listening');
    await this.#findGap(listener);
    const tracing = new Tracing();
    const hear = this.#hearOnce(listener);
    const began = clock.monotonic();
    let state: TracingState = 'unknown';
    while (!over && !signal.aborted) {
      const batch = arrived;
      arrived = [];
      await this.#take(batch, listener, tracing, hear);
      const now = clock.monotonic();
      if (tracing.isSilent) await standBy(listener, tracing);
      if (tracing.state !== state) await this.#changed(state, tracing.state);
      state = tracing.state;
      if (state === 'on') await this.#recorder.heard();
      if (state === 'on' && arrived.length === 0 && now - began > settleMs) await this.#recorder.recordStuck();
      this.#report(state, undefined);
      const probe = tracing.probe(now);
      if (probe !== undefined) listener.sendDirect(probe);
      if (arrived.length === 0 && !over) {
        const rest = new AbortController();
        wake = () => rest.abort();
        await clock.sleep(tickMs, AbortSignal.any([rest.signal, signal]));
      }
      if (arrived.length > 0) await clock.sleep(lingerMs, signal);
    }
    const late = new AbortController();
    await Promise.race([listener.close(), clock.sleep(closeTimeoutMs, late.signal)]);
    late.abort();
  }

  /** Acknowledged once its events are published and its jobs are saved. */
  async #take(
    batch: readonly Arrived[],
    listener: TraceListener,
    tracing: Tracing,
    hear: (queue: string) => Promise<void>,
  ): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    const seen: Seen[] = [];
    for (const { trace, sighting, at } of batch) {
      if (tracing.came(trace, traceQueueName) || sighting === undefined) continue;
      seen.push({ sighting, moment: { at, timed: !trace.waited, fresh: !trace.redelivered } });
      if (sighting.kind === 'published') await hear(sighting.queue);
    }
    if (seen.length === 0 || (await this.#recorder.record(seen))) listener.acknowledge(last.trace.tag);
  }

  /** Hears of what is handed out from a queue, as soon as the queue is known. */
  #hearOnce(listener: TraceListener): (queue: string) => Promise<void> {
    const heard = new Set<string>();
    return async queue => {
      if (heard.has(queue) || heard.size >= maxQueues) return;
      heard.add(queue);
      try {
        await listener.hearDeliveries(queue);
      } catch (error) {
        this.#options.log.warn({ queue, reason: describe(error) }, 'deliveries.unheard');
      }
    };
  }

  /** The copies may not be whole: the queue was full, they were too old, or another daemon has had some. */
  async #findGap({ waiting, others }: TraceListener): Promise<void> {
    const { clock, log } = this.#options;
    const { heardAt } = this.#recorder;
    const full = waiting >= traceLimits.messages;
    const late = heardAt > 0 && clock.now() - heardAt > traceLimits.ageMs;
    if (full || late) log.warn({ queue: traceQueueName, waiting, heardAt }, 'traces.dropped');
    if (full || late || others > 0) await this.#recorder.missed();
  }

  async #changed(before: TracingState, after: TracingState): Promise<void> {
    const { log } = this.#options;
    if (after === 'off') log.warn({ exchange: traceExchange }, 'tracing.off');
    if (after === 'on') log.info({ exchange: traceExchange }, 'tracing.on');
    if (after === 'on' && before !== 'unknown') await this.#recorder.missed();
  }

  #report(tracing: TracingState, error: TransientError | SetupError | undefined): void {
    const { clock, onReport } = this.#options;
    const now = clock.monotonic();
    if (error === undefined && now - this.#reportedAt < tickMs) return;
    this.#reportedAt = now;
    onReport({ tracing, error, jobs: this.#recorder.counts });
  }
}

/** @throws TransientError when there is nobody else that the traces could go to */
async function standBy(listener: TraceListener, tracing: Tracing): Promise<void> {
  if ((await listener.consumers()) < 2) throw new TransientError(`the queue ${traceQueueName} hands out nothing`);
  tracing.standBy();
}

function faultOf(error: unknown): TransientError | SetupError {
  return error instanceof TransientError || error instanceof SetupError ? error : new TransientError(describe(error));
}
