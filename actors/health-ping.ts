import { dispatch } from 'nact';
import type { Durability } from '../src/broker/broker.js';
import { type Clock, Timer } from '../src/clock.js';
import { assertNever, describe } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
import { standingOf } from '../src/health/dependencies.js';
import { FixedRate, minBetweenMs, type Place, together } from '../src/health/fixed-rate.js';
import type { Declaration } from '../src/health/maintenance.js';
import { OutgoingEvents } from '../src/health/outgoing-events.js';
import { type CostTools, withCost } from '../src/health/recovery-cost.js';
import { failedRun, judge, type Result } from '../src/health/result.js';
import type { Run } from '../src/health/sample.js';
import { blankState, type SavedState } from '../src/health/saved-state.js';
import { targetDetail } from '../src/health/status-detail.js';
import type { Target } from '../src/health/target.js';
import { savedEveryMs, TargetMonitor } from '../src/health/target-monitor.js';
import { type RecordTools, TargetRecord } from '../src/health/target-record.js';
import { isHidden } from '../src/health/unknown.js';
import { redact } from '../src/redact.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, actorName, type Behaviour, type Parent, spawnActor } from './actor.js';
import { type Family, Questions, withParents } from './health-family.js';
import type { Actor, HealthPingMessage, Reply } from './protocol.js';

export interface HealthPingOptions extends ActorTools, CostTools, Place, Pick<RecordTools, 'checkpoints' | 'keep'> {
  readonly target: Target;
  /** For the ids of its events: see events/identity.ts. */
  readonly idSecret: string;
  readonly run: Run;
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  /** Resolves at the moment when measurements and routine checkpoints of all targets are written together. */
  readonly nextFlush: () => Promise<void>;
  readonly clock: Clock;
  readonly family: Family;
}

/**
 * Checks one target of any kind, again and again.
 *
 * restoring: the saved state is read. → waiting.
 * waiting: for the next tick. → running.
 * running: one run is under way. → waiting when it ends; ticks that passed meanwhile are skipped, so that runs neither
 * overlap nor pile up.
 * A run that fails is not the whole story where the target depends on others: each of those is asked how it is, and
 * runs as well unless its latest run began later. While one of them fails, the run says nothing about the target.
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

type Phase = 'restoring' | 'waiting' | 'running' | 'closed';

class HealthPing implements Behaviour<HealthPingMessage> {
  #phase: Phase = 'restoring';
  #monitor: TargetMonitor;
  #runs = 0;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** Declarations that came before the state was read. */
  #early: Extract<HealthPingMessage, { type: 'declared' }>[] = [];
  #last: Result | undefined;
  /** When the latest run began, on the monotonic clock. */
  #began = Number.NEGATIVE_INFINITY;
  /** When the next one begins, on the monotonic clock, and whether that is before its tick. */
  #next = { at: Number.POSITIVE_INFINITY, early: false };
  #schedule: FixedRate;
  readonly #questions = new Questions();
  readonly #record: TargetRecord;
  readonly #timer: Timer;
  readonly #outgoing: OutgoingEvents;
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
    this.#record = new TargetRecord(target, options);
    this.#outgoing = new OutgoingEvents({
      publish,
      clock,
      nextFlush: options.nextFlush,
      onPublished: ids => dispatch(self, { type: 'published', ids }),
      onError: (error, waitMs) => dispatch(self, { type: 'unpublished', error, waitMs }),
      onPostponed: count => log.info({ target: target.name, count }, 'change.postponed'),
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
      case 'asked':
        return this.#asked(message);
      case 'lookAgain':
        return this.#runSoon(Math.max(0, this.#began + minBetweenMs - this.#options.clock.monotonic()));
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
    this.#record.read().then(saved => dispatch(this.#self, { type: 'restored', saved }));
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
    this.#answer();
  }

  #newSchedule(): FixedRate {
    const { clock, target, delayMs, apartMs } = this.#options;
    return new FixedRate(together(clock.monotonic() + delayMs, apartMs), target.intervalMs);
  }

  #scheduleNext(): void {
    this.#startTimer(this.#schedule.next(this.#options.clock.monotonic()), false);
  }

  /** Before the next tick, which stays where it is. */
  #runSoon(ms: number): void {
    if (this.#phase !== 'waiting' || this.#options.clock.monotonic() + ms >= this.#next.at) return;
    if (!this.#next.early) this.#schedule.giveBack();
    this.#timer.stop();
    this.#startTimer(ms, true);
  }

  #startTimer(ms: number, early: boolean): void {
    this.#next = { at: this.#options.clock.monotonic() + ms, early };
    this.#timer.start(ms, () => dispatch(this.#self, { type: 'due' }));
  }

  #startRun(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'running';
    const { run, target, clock, family } = this.#options;
    const at = clock.now();
    const began = clock.monotonic();
    this.#began = began;
    run(this.#stopping.signal)
      .then(outcome => judge(outcome, target))
      .catch(failedRun)
      .then(result => withParents(result, began, target, family, isHidden(this.#monitor.saved)))
      .then(result => withCost(result, this.#monitor.outageEnding(at), this.#options))
      .then(found => dispatch(this.#self, { type: 'ran', at, ...found }));
  }

  #ran({ at, result, cost }: Extract<HealthPingMessage, { type: 'ran' }>): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'waiting';
    this.#scheduleNext();
    this.#runs += 1;
    this.#last = result;
    const { clock, log, target } = this.#options;
    const ended = Math.max(at, clock.now());
    const { announced, lastRun: previous } = this.#monitor.saved;
    const finished = { at, ended, result, cost };
    const observed = this.#monitor.observe(finished);
    const { event, changes, changed } = observed;
    this.#record.see(finished, previous, observed);
    if (this.#monitor.saved.announced !== announced) {
      const reason = redact(result.reason ?? '', target.secrets);
      log.info({ target: target.name, from: announced, to: this.#monitor.saved.announced, reason }, 'target.changed');
    }
    this.#updateStatus();
    if (changes.length > 0) this.#saveAndPublish(changes);
    else if (changed || clock.monotonic() - this.#savedAt >= savedEveryMs) this.#saveSoon();
    if (event !== undefined) this.#outgoing.measurements.add([event]);
    if (target.recheckMs !== undefined && this.#monitor.suspects) this.#runSoon(target.recheckMs);
    this.#answer();
    // What they are depends on it: they need not wait for their own next tick.
    if (this.#monitor.saved.announced !== announced)
      for (const dependent of this.#options.family.dependents()) dispatch(dependent, { type: 'lookAgain' });
  }

  /** By a dependent, whose run failed. */
  #asked(question: Extract<HealthPingMessage, { type: 'asked' }>): void {
    this.#questions.add(question);
    this.#answer();
  }

  #answer(): void {
    const standing = standingOf(this.#options.target.name, this.#monitor.saved.announced, this.#last);
    if (this.#phase === 'closed') return this.#questions.answer(standing, Number.POSITIVE_INFINITY);
    if (this.#phase === 'waiting' && this.#last !== undefined) this.#questions.answer(standing, this.#began);
    if (this.#questions.waiting) this.#runSoon(0);
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
    this.#answer();
    this.#status.update({ state: 'stopped', nextTry: undefined });
    this.#outgoing.close().then(() => {
      if (known) dispatch(this.#self, { type: 'saveLast', reply });
      else reply.resolve();
    });
  }

  /** Never rejects: what could not be saved is published all the same, and saved after the next run. */
  async #saveAndPublish(changes: readonly Message[]): Promise<void> {
    await this.#save();
    this.#outgoing.changes.add(changes);
  }

  #saveSoon(): void {
    this.#savedAt = this.#options.clock.monotonic();
    this.#options.nextFlush().then(() => (this.#phase === 'closed' ? undefined : this.#save()));
  }

  async #save(): Promise<void> {
    this.#savedAt = this.#options.clock.monotonic();
    if (!(await this.#record.write(this.#monitor.saved))) this.#savedAt = Number.NEGATIVE_INFINITY;
  }

  /** Without a state, the actor stays in the one that it is in. */
  #updateStatus(state?: 'running'): void {
    const counts = { runs: this.#runs, skipped: this.#schedule.skipped };
    const detail = { ...targetDetail(this.#options.target, this.#monitor, this.#last), ...counts };
    this.#status.update(state === undefined ? { detail } : { state, detail, nextTry: undefined });
  }
}
