import { dispatch } from 'nact';
import { AvailabilityRecorder } from '../src/availability/recorder.js';
import type { Durability } from '../src/broker/broker.js';
import { type Clock, Timer } from '../src/clock.js';
import { assertNever, describe } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
import { FixedRate } from '../src/health/fixed-rate.js';
import type { Declaration } from '../src/health/maintenance.js';
import { PublishQueue } from '../src/health/publish-queue.js';
import { judge, type Result } from '../src/health/result.js';
import type { Run } from '../src/health/sample.js';
import { blankState, readState, type SavedState, storedState } from '../src/health/saved-state.js';
import { seenOf } from '../src/health/seen.js';
import { statusDetail } from '../src/health/status-detail.js';
import type { Target } from '../src/health/target.js';
import { savedEveryMs, TargetMonitor } from '../src/health/target-monitor.js';
import { redact } from '../src/redact.js';
import type { StatusLine } from '../src/status/board.js';
import type { KeepAvailabilityArguments } from '../src/storage/availability.js';
import type { Checkpoints } from '../src/storage/storage.js';
import { type ActorTools, actorName, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, HealthPingMessage, Reply } from './protocol.js';

export interface HealthPingOptions extends ActorTools {
  readonly target: Target;
  /** For the ids of its events: see events/identity.ts. */
  readonly idSecret: string;
  readonly run: Run;
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  readonly checkpoints: Checkpoints;
  /** Writes down how available the service is. */
  readonly keep: (seen: KeepAvailabilityArguments) => Promise<void>;
  /** Resolves at the moment when measurements and routine checkpoints of all targets are written together. */
  readonly nextFlush: () => Promise<void>;
  readonly clock: Clock;
  /** Time from the start to the first run, ms. */
  readonly delayMs: number;
}

/**
 * Checks one target of any kind, again and again.
 *
 * restoring: the saved state is read. → waiting.
 * waiting: for the next tick. → running.
 * running: one run is under way. → waiting when it ends; ticks that passed meanwhile are skipped, so that runs neither
 * overlap nor pile up.
 * any → closed: a run under way is given up, publishing is tried once more, the state is saved.
 *
 * A change of state is saved before it is published: after a crash in between it is published again, under the same id.
 */
export function spawnHealthPing(parent: Parent, options: HealthPingOptions): Actor<HealthPingMessage> {
  const self = spawnActor<HealthPingMessage>(
    parent,
    actorName(options.target.name),
    options,
    (actor, status) => new HealthPing(options, actor, status),
  );
  dispatch(self, { type: 'begin' });
  return self;
}

/** How many measurements of one target may wait to be published. */
const maxMeasurements = 1_000;

type Phase = 'restoring' | 'waiting' | 'running' | 'closed';

class HealthPing implements Behaviour<HealthPingMessage> {
  #phase: Phase = 'restoring';
  #monitor: TargetMonitor;
  #runs = 0;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** Declarations that came before the state was read. */
  #early: Extract<HealthPingMessage, { type: 'declared' }>[] = [];
  #last: Result | undefined;
  #schedule: FixedRate;
  readonly #timer: Timer;
  readonly #changes: PublishQueue;
  readonly #measurements: PublishQueue;
  readonly #recorder: AvailabilityRecorder;
  readonly #stopping = new AbortController();
  readonly #options: HealthPingOptions;
  readonly #self: Actor<HealthPingMessage>;
  readonly #status: StatusLine;

  constructor(options: HealthPingOptions, self: Actor<HealthPingMessage>, status: StatusLine) {
    this.#options = options;
    this.#self = self;
    this.#status = status;
    const { clock, log, target, publish } = options;
    this.#monitor = new TargetMonitor(target, options.idSecret);
    this.#schedule = this.#newSchedule();
    this.#timer = new Timer(clock);
    this.#recorder = new AvailabilityRecorder(target.name, options.keep, error =>
      log.warn({ target: target.name, reason: describe(error) }, 'availability.unsaved'),
    );
    const common = {
      publish,
      clock,
      onPublished: (ids: ReadonlySet<string>) => dispatch(self, { type: 'published', ids }),
      onError: (error: unknown, waitMs: number) => dispatch(self, { type: 'unpublished', error, waitMs }),
    };
    this.#changes = new PublishQueue({
      ...common,
      nextFlush: async () => {},
      max: Number.POSITIVE_INFINITY,
      onDropped: count => log.info({ target: target.name, count }, 'change.postponed'),
    });
    this.#measurements = new PublishQueue({
      ...common,
      nextFlush: options.nextFlush,
      max: maxMeasurements,
      onDropped: count =>
        log.error({ target: target.name, count, reason: 'the broker takes no events' }, 'event.dropped'),
    });
    status.update({ detail: { service: target.name, target: target.address } });
  }

  handle(message: HealthPingMessage): void {
    switch (message.type) {
      case 'begin':
        return this.#restore();
      case 'restored':
        return this.#restored(message.saved);
      case 'due':
        return this.#startRun();
      case 'ran':
        return this.#ran(message);
      case 'published':
        return this.#published(message.ids);
      case 'unpublished':
        return this.#unpublished(message.error, message.waitMs);
      case 'declared':
        return this.#declared(message);
      case 'close':
        return this.#close(message.reply);
      case 'saveLast':
        this.#save().then(message.reply.resolve);
        return;
      default:
        return assertNever(message);
    }
  }

  #restore(): void {
    const { checkpoints, log, target } = this.#options;
    checkpoints.get(this.#key).then(
      value => dispatch(this.#self, { type: 'restored', saved: readState(value) }),
      error => {
        log.warn({ target: target.name, reason: describe(error) }, 'checkpoint.unread');
        dispatch(this.#self, { type: 'restored', saved: undefined });
      },
    );
  }

  #restored(saved: SavedState | undefined): void {
    if (this.#phase !== 'restoring') return;
    this.#monitor = new TargetMonitor(this.#options.target, this.#options.idSecret, saved ?? blankState);
    this.#monitor.resume(this.#options.clock.now());
    this.#phase = 'waiting';
    this.#schedule = this.#newSchedule();
    this.#updateStatus('running');
    if (this.#monitor.pending.length > 0) this.#saveAndPublish(this.#monitor.pending);
    for (const declared of this.#early.splice(0)) this.#declared(declared);
    this.#scheduleNext();
  }

  #newSchedule(): FixedRate {
    const { clock, target, delayMs } = this.#options;
    return new FixedRate(clock.monotonic() + delayMs, target.intervalMs);
  }

  #scheduleNext(): void {
    this.#timer.start(this.#schedule.next(this.#options.clock.monotonic()), () =>
      dispatch(this.#self, { type: 'due' }),
    );
  }

  #startRun(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'running';
    const { run, target, clock } = this.#options;
    const at = clock.now();
    run(this.#stopping.signal)
      .then(outcome => judge(outcome, target))
      .catch((error): Result => ({ ...failedRun, reason: `the check itself failed: ${describe(error)}` }))
      .then(result => dispatch(this.#self, { type: 'ran', at, result }));
  }

  #ran({ at, result }: Extract<HealthPingMessage, { type: 'ran' }>): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'waiting';
    this.#scheduleNext();
    this.#runs += 1;
    this.#last = result;
    const { clock, log, target } = this.#options;
    const ended = Math.max(at, clock.now());
    const { announced, lastRun: previous } = this.#monitor.saved;
    const observed = this.#monitor.observe({ at, ended, result });
    const { event, changes, changed } = observed;
    this.#recorder.see(seenOf(target, { at, ended, result }, previous, observed));
    if (this.#monitor.saved.announced !== announced) {
      const reason = redact(result.reason ?? '', target.secrets);
      log.info({ target: target.name, from: announced, to: this.#monitor.saved.announced, reason }, 'target.changed');
    }
    this.#updateStatus();
    if (changes.length > 0) this.#saveAndPublish(changes);
    else if (changed || clock.monotonic() - this.#savedAt >= savedEveryMs) this.#saveSoon();
    this.#measurements.add([event]);
  }

  #published(ids: ReadonlySet<string>): void {
    this.#monitor.published(ids);
    if (this.#status.status.state === 'holding') this.#updateStatus('running');
  }

  #unpublished(error: unknown, waitMs: number): void {
    if (this.#phase === 'closed') return;
    const { clock, log, target } = this.#options;
    const now = clock.now();
    if (this.#status.status.state !== 'holding')
      log.warn({ target: target.name, reason: describe(error), waitMs }, 'event.held');
    const lastError = { fault: 'transient', message: describe(error), at: now } as const;
    this.#status.update({ state: 'holding', lastError, nextTry: now + waitMs });
  }

  #declared(message: Extract<HealthPingMessage, { type: 'declared' }>): void {
    if (this.#phase === 'closed') return message.reply.resolve();
    if (this.#phase === 'restoring') {
      this.#early.push(message);
      return;
    }
    const { clock, log, target } = this.#options;
    const { status, window }: Declaration = message.declaration;
    const changes = this.#monitor.declare(message.declaration, clock.now());
    log.info({ target: target.name, status, from: window.from, until: window.until ?? null }, 'target.declared');
    this.#updateStatus();
    this.#saveAndPublish(changes).then(message.reply.resolve);
  }

  #close(reply: Reply<void>): void {
    if (this.#phase === 'closed') return reply.resolve();
    const known = this.#phase !== 'restoring';
    this.#phase = 'closed';
    this.#timer.stop();
    this.#stopping.abort();
    for (const declared of this.#early.splice(0)) declared.reply.resolve();
    this.#status.update({ state: 'stopped', nextTry: undefined });
    Promise.all([this.#changes.close(), this.#measurements.close()]).then(() => {
      if (known) dispatch(this.#self, { type: 'saveLast', reply });
      else reply.resolve();
    });
  }

  /** Never rejects: what could not be saved is published all the same, and saved after the next run. */
  async #saveAndPublish(changes: readonly Message[]): Promise<void> {
    await this.#save();
    this.#changes.add(changes);
  }

  #saveSoon(): void {
    this.#savedAt = this.#options.clock.monotonic();
    this.#options.nextFlush().then(() => (this.#phase === 'closed' ? undefined : this.#save()));
  }

  async #save(): Promise<void> {
    const { checkpoints, clock, log, target } = this.#options;
    this.#savedAt = clock.monotonic();
    await this.#recorder.save();
    try {
      await checkpoints.put(this.#key, storedState(this.#monitor.saved));
    } catch (error) {
      this.#savedAt = Number.NEGATIVE_INFINITY;
      log.warn({ target: target.name, reason: describe(error) }, 'checkpoint.unsaved');
    }
  }

  get #key(): string {
    return `health/${this.#options.target.name}`;
  }

  /** Without a state, the actor stays in the one that it is in. */
  #updateStatus(state?: 'running'): void {
    const { target } = this.#options;
    const { uptime, status, since, saved } = this.#monitor;
    const detail = {
      service: target.name,
      target: target.address,
      status,
      ...(this.#last === undefined ? {} : statusDetail(this.#last, target.secrets)),
      ...(since === undefined ? {} : { status_since: since }),
      ...(saved.lastRun === null ? {} : { checked: saved.lastRun }),
      ...(uptime === undefined ? {} : { uptime }),
      runs: this.#runs,
      skipped: this.#schedule.skipped,
    };
    this.#status.update(state === undefined ? { detail } : { state, detail, nextTry: undefined });
  }
}

const failedRun = { finding: 'down', times: undefined, loss: 100, readings: {} } as const;
