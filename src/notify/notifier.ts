import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Event } from '../events/event.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import type { KeyValues } from '../storage/key-values.js';
import type { NotifyConfig } from './config.js';
import { eventOf, notificationOf } from './notification.js';
import { emptyState, Planner, type PlannerState } from './planner.js';

export interface NotifierOptions {
  readonly config: NotifyConfig;
  readonly keyValues: KeyValues;
  /** Resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  /** For ids that nobody can foretell: see events/identity.ts. */
  readonly idSecret: string;
}

/** Where the events go that people may want to know of. */
export interface NotificationWriter {
  /** Durable when it resolves. @returns how many of them were known */
  add(events: readonly Event[]): Promise<number>;
}

interface Kept {
  readonly state: PlannerState;
  /** Notifications that may not have been published yet. */
  readonly pending: readonly Message[];
}

const nothing: Kept = { state: emptyState, pending: [] };
const key = 'state';
const keptMs = 3650 * 86_400_000;
/** A clock that was set is noticed within this time. */
const maxSleepMs = 60_000;

/**
 * Keeps the planner's state and publishes what it decides. One step is done after another, each on a copy: it counts
 * once it is on the disk, so that what cannot be kept has not happened.
 *
 * Events leave their queue after the state that knows them is durable; notifications leave the state after they are
 * durable in the queues of their channels, under ids that stay. So a kill loses none, and one that comes twice has the
 * same id.
 */
export class Notifier implements NotificationWriter {
  readonly #options: NotifierOptions;
  readonly #warning: RepeatedWarning;
  #config: NotifyConfig;
  #kept: Kept | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#warning = new RepeatedWarning({ ...options, event: 'notifications.delayed' });
  }

  add(events: readonly Event[]): Promise<number> {
    return this.#next(async () => {
      const { state, pending } = await this.#load();
      const planner = new Planner(this.#config, state);
      const known = planner.add(events, this.#options.clock.now());
      await this.#keep({ state: planner.state, pending });
      this.#wake.abort();
      return known;
    });
  }

  /** These rules hold from now on; what is gathered stays. */
  use(config: NotifyConfig): void {
    this.#config = config;
  }

  /** Sends what is due until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const wake = this.#wake;
      const stop = (): void => wake.abort();
      signal.addEventListener('abort', stop, { once: true });
      let waitMs = maxSleepMs;
      try {
        const next = await this.#next(() => this.#send());
        waitMs = Math.min(maxSleepMs, Math.max(0, next - clock.now()));
        this.#warning.clear();
      } catch (error) {
        this.#warning.warn(describe(error));
        waitMs = 1_000;
      }
      await clock.sleep(waitMs, wake.signal);
      signal.removeEventListener('abort', stop);
    }
  }

  /** @returns when there is something to do next, epoch ms */
  async #send(): Promise<number> {
    const { clock, publish, log } = this.#options;
    const config = this.#config;
    const kept = await this.#load();
    const planner = new Planner(config, kept.state);
    const now = clock.now();
    const planned = planner.due(now, (changes, channels) => this.#id(now, changes, channels));
    const messages = planned.map(plan => {
      const notification = notificationOf({ ...plan, at: now, pageUrl: config.pageUrl });
      const { id, type, subject, channels } = notification;
      log.info({ id, type, subject, channels: channels.join(',') }, 'notification.made');
      return eventOf(notification);
    });
    const pending = [...kept.pending, ...messages];
    if (messages.length > 0) await this.#keep({ state: planner.state, pending });
    if (pending.length > 0) {
      await publish(pending);
      await this.#keep({ state: (this.#kept ?? kept).state, pending: [] });
    }
    return planner.next;
  }

  #id(now: number, changes: readonly { readonly key: string }[], channels: readonly string[]): string {
    const about = changes.map(change => change.key);
    return timedId(now, keyedHash(this.#options.idSecret, 'notification', now, ...channels, ...about));
  }

  async #load(): Promise<Kept> {
    if (this.#kept !== undefined) return this.#kept;
    const text = (await this.#options.keyValues.get([key])).get(key);
    this.#kept = text === undefined ? nothing : this.#read(text);
    return this.#kept;
  }

  /** What cannot be read is forgotten: people would be notified of nothing for ever otherwise. */
  #read(text: string): Kept {
    try {
      const kept = JSON.parse(text) as Kept;
      if (kept.state.version === emptyState.version) return kept;
      this.#options.log.error({ reason: 'it is of another version' }, 'notifications.forgotten');
    } catch (error) {
      this.#options.log.error({ reason: describe(error) }, 'notifications.forgotten');
    }
    return nothing;
  }

  async #keep(kept: Kept): Promise<void> {
    await this.#options.keyValues.put([[key, JSON.stringify(kept)]], keptMs);
    this.#kept = kept;
  }

  /** One after another, whatever became of the one before. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
