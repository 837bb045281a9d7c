import { keyedHash, timedId } from '../../events/identity.js';
import type { Message } from '../../events/message.js';
import type { StubStatus } from './stub-status.js';

const gauges = ['active', 'reading', 'writing', 'waiting'] as const;
const totals = ['accepted', 'handled', 'requests'] as const;

type Gauges = Record<(typeof gauges)[number], number>;
type Totals = Record<(typeof totals)[number], number>;

interface ServerWindow {
  /** Epoch ms. */
  readonly start: number;
  /** What nginx had counted when it began. With the start it makes the id. */
  readonly from: Totals;
  readonly sums: Gauges;
  readonly max: Gauges;
  /** Differences since the sample before. */
  readonly since: Totals;
  samples: number;
}

export interface SavedServerWindows {
  /** null before the first sample. */
  readonly last: Totals | null;
  readonly open: ServerWindow | null;
}

export interface ServerWindowsOptions {
  readonly windowMs: number;
  readonly idSecret: string;
}

/**
 * Counts samples of nginx's own numbers into windows of the wall clock. A window is closed by the first sample, or the
 * first look at the clock, behind its end; one without samples makes no event.
 */
export class ServerWindows {
  #last: Totals | undefined;
  #open: ServerWindow | undefined;
  #closed: Message[] = [];
  readonly #options: ServerWindowsOptions;

  constructor(options: ServerWindowsOptions) {
    this.#options = options;
  }

  add(sample: StubStatus, now: number): void {
    this.closeUntil(now);
    const last = this.#last;
    const { windowMs } = this.#options;
    this.#open ??= {
      start: Math.floor(now / windowMs) * windowMs,
      from: totalsOf(sample),
      sums: { active: 0, reading: 0, writing: 0, waiting: 0 },
      max: { active: 0, reading: 0, writing: 0, waiting: 0 },
      since: { accepted: 0, handled: 0, requests: 0 },
      samples: 0,
    };
    const window = this.#open;
    window.samples += 1;
    for (const name of gauges) {
      window.sums[name] += sample[name];
      window.max[name] = Math.max(window.max[name], sample[name]);
    }
    // What was counted before the very first sample is nobody's; when nginx was restarted, it counts from zero.
    if (last !== undefined) {
      const restarted = totals.some(name => sample[name] < last[name]);
      for (const name of totals) window.since[name] += sample[name] - (restarted ? 0 : last[name]);
    }
    this.#last = totalsOf(sample);
  }

  closeUntil(now: number): void {
    const window = this.#open;
    // A clock that was set back closes the window, too: it would stay open for long.
    if (window === undefined || (now >= window.start && now < window.start + this.#options.windowMs)) return;
    this.#open = undefined;
    this.#closed.push(this.#event(window, now));
  }

  takeClosed(): Message[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  save(): SavedServerWindows {
    return structuredClone({ last: this.#last ?? null, open: this.#open ?? null });
  }

  restore({ last, open }: SavedServerWindows): void {
    this.#last = last ?? undefined;
    this.#open = open ?? undefined;
  }

  #event({ start, from, sums, max, since, samples }: ServerWindow, received: number): Message {
    const { windowMs, idSecret } = this.#options;
    const means = gauges.map(name => [`connections_${name}`, sums[name] / samples]);
    const peaks = gauges.map(name => [`connections_${name}_max`, max[name]]);
    const body = {
      ...{ category: 'connections', type: 'open' },
      window_start: start,
      window_seconds: windowMs / 1000,
      samples,
      ...Object.fromEntries([...means, ...peaks]),
      connections_accepted: since.accepted,
      connections_handled: since.handled,
      server_requests: since.requests,
      created: start,
    };
    const id = timedId(start, keyedHash(idSecret, 'nginx status', start, from.accepted, from.handled, from.requests));
    return { id, body: JSON.stringify(body), source: 'nginx', received };
  }
}

function totalsOf({ accepted, handled, requests }: StubStatus): Totals {
  return { accepted, handled, requests };
}
