import { z } from 'zod';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { Checkpoints } from '../storage/storage.js';
import type { BeatReport } from './beat-event.js';
import {
  afterBeat,
  afterSilence,
  type Heartbeat,
  heartbeatShape,
  judgeHeartbeat,
  newHeartbeat,
  type Verdict,
} from './heartbeat.js';
import { scheduleOf, type WrittenSchedule } from './schedule.js';

const key = 'heartbeats';
const tickMs = 10_000;
/** A gap between two ticks from which on this process was away: stopped, or on a machine that slept. */
const awayMs = 3 * tickMs;
/** How many may make themselves. */
const maxMade = 1_000;

const seconds = z.number().optional();
const stored = z.object({
  version: z.literal(1),
  /** When this process was last known to listen, epoch ms. */
  alive: z.number(),
  heartbeats: z.record(
    heartbeatShape.extend({
      /** Nobody wrote it into the settings. */
      made: z.boolean(),
      schedule: z.object({ every: seconds, grace: seconds, runtime: seconds }),
    }),
  ),
});

interface Known {
  readonly heartbeat: Heartbeat;
  readonly schedule: WrittenSchedule;
  readonly made: boolean;
}

export interface HeartbeatsOptions {
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** The schedules that the settings declare, by the name of the heartbeat. */
  readonly declared: ReadonlyMap<string, WrittenSchedule>;
}

/**
 * What jobs have said of themselves, over restarts. Time in which this process did not listen is held against nobody.
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #known = new Map<string, Known>();
  readonly #closing = new AbortController();
  #declared: HeartbeatsOptions['declared'];
  #alive = 0;
  #ready = false;
  #saving: Promise<void> = Promise.resolve();
  #nextSave: Promise<void> | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#declared = options.declared;
  }

  /** Reads what was saved. Never rejects. @returns the names of those that made themselves */
  async open(): Promise<readonly string[]> {
    const { checkpoints, clock, log } = this.#options;
    const declared = this.#declared;
    const now = clock.now();
    let saved: z.output<typeof stored> | undefined;
    try {
      saved = stored.safeParse(await checkpoints.get(key)).data;
    } catch (error) {
      log.warn({ reason: describe(error) }, 'heartbeats.unread');
    }
    for (const [name, { made, schedule, ...heartbeat }] of Object.entries(saved?.heartbeats ?? {})) {
      const written = declared.get(name);
      // One that the settings no longer name is forgotten.
      if (written === undefined && !made) continue;
      this.#known.set(name, {
        ...{ schedule: written ?? schedule, made: written === undefined },
        heartbeat: bySchedule(heartbeat, schedule.every, (written ?? schedule).every, now),
      });
    }
    for (const [name, schedule] of declared)
      if (!this.#known.has(name))
        this.#known.set(name, { heartbeat: newHeartbeat(now, scheduleOf(schedule)), schedule, made: false });
    this.#alive = saved?.alive ?? now;
    this.#noticeSilence(now);
    this.#ready = true;
    this.#tick();
    return [...this.#known].filter(([, { made }]) => made).map(([name]) => name);
  }

  /** The settings declare others now: one that they no longer name is forgotten, unless it made itself. */
  declare(declared: HeartbeatsOptions['declared']): void {
    this.#declared = declared;
    if (!this.#ready) return;
    const now = this.#options.clock.now();
    for (const [name, { heartbeat, schedule, made }] of this.#known) {
      const written = declared.get(name);
      if (written === undefined && !made) this.#known.delete(name);
      if (written !== undefined)
        this.#known.set(name, {
          ...{ schedule: written, made: false },
          heartbeat: bySchedule(heartbeat, schedule.every, written.every, now),
        });
    }
    for (const [name, schedule] of declared)
      if (!this.#known.has(name))
        this.#known.set(name, { heartbeat: newHeartbeat(now, scheduleOf(schedule)), schedule, made: false });
  }

  /**
   * Durable when it resolves, unless the log says otherwise. Never rejects.
   * @returns whether the name was new; undefined where there are too many
   */
  async record({ name, beat, schedule: given }: BeatReport): Promise<boolean | undefined> {
    this.#noticeSilence(this.#options.clock.now());
    const before = this.#known.get(name);
    const made = before?.made ?? true;
    if (before === undefined && this.#madeCount >= maxMade) return undefined;
    // The settings have the last word; where there are none, the latest that the job says.
    const schedule = made ? { ...before?.schedule, ...defined(given) } : (before?.schedule ?? {});
    const heartbeat = before?.heartbeat ?? newHeartbeat(beat.at, scheduleOf(schedule));
    this.#known.set(name, { heartbeat: afterBeat(heartbeat, beat, scheduleOf(schedule)), schedule, made });
    await this.#save();
    return before === undefined;
  }

  /** How the job is now; undefined = well. */
  judge(name: string): Verdict {
    if (!this.#ready) return { reason: 'what was heard of it is not read yet', unknown: true };
    const now = this.#options.clock.now();
    this.#noticeSilence(now);
    const found = this.#known.get(name);
    if (found === undefined) return { reason: 'not heard of yet', unknown: true };
    return judgeHeartbeat(found.heartbeat, scheduleOf(found.schedule), now);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#ready) await this.#save();
  }

  get #madeCount(): number {
    return [...this.#known.values()].filter(({ made }) => made).length;
  }

  #tick(): void {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    clock.sleep(tickMs, signal).then(async () => {
      if (signal.aborted) return;
      this.#noticeSilence(clock.now());
      if (this.#known.size > 0) await this.#save();
      this.#tick();
    });
  }

  #noticeSilence(now: number): void {
    const from = this.#alive;
    this.#alive = now;
    // Before it is ready, any time since the last save was one.
    if (now <= from || (this.#ready && now - from < awayMs)) return;
    for (const [name, one] of this.#known)
      this.#known.set(name, { ...one, heartbeat: afterSilence(one.heartbeat, scheduleOf(one.schedule), from, now) });
  }

  /** One after another, so that the latest is what stays; those who ask while one is under way share the next. */
  #save(): Promise<void> {
    this.#nextSave ??= this.#saving.then(() => {
      this.#nextSave = undefined;
      this.#saving = this.#put();
      return this.#saving;
    });
    return this.#nextSave;
  }

  async #put(): Promise<void> {
    const heartbeats = Object.fromEntries(
      [...this.#known].map(([name, { heartbeat, schedule, made }]) => [name, { ...heartbeat, schedule, made }]),
    );
    const { checkpoints, log } = this.#options;
    await checkpoints.put(key, { version: 1, alive: this.#alive, heartbeats }).catch((error: unknown) => {
      log.error({ reason: describe(error) }, 'heartbeats.unsaved');
    });
  }
}

/** A heartbeat whose interval is another one than before is expected by that. */
function bySchedule(
  heartbeat: Heartbeat,
  before: number | undefined,
  every: number | undefined,
  now: number,
): Heartbeat {
  if (every === before) return heartbeat;
  return { ...heartbeat, due: every === undefined ? null : (heartbeat.succeeded ?? now) + every * 1000 };
}

function defined(schedule: WrittenSchedule): WrittenSchedule {
  return Object.fromEntries(Object.entries(schedule).filter(([, value]) => value !== undefined));
}
