import { useRef } from 'preact/hooks';
import type { SinkStatus, Status } from '../../../openapi/api-types.js';

/** A rate is the difference over this long: long enough to be calm, short enough to be live. */
const windowMs = 10_000;
/** Kept for the small lines beside each sink: five minutes of statuses. */
const kept = 150;

interface Sample {
  readonly at: number;
  readonly entered: ReadonlyMap<string, number>;
  readonly delivered: ReadonlyMap<string, number>;
}

export interface Rates {
  /** Events a second into the queues. */
  readonly incoming: number;
  readonly outgoing: ReadonlyMap<string, number>;
  /** By sink, oldest first. */
  readonly history: ReadonlyMap<string, readonly number[]>;
}

/** What flows, from the differences between one status and the next. */
export function useRates(status: Status | undefined): Rates {
  const meter = useRef(new RateMeter());
  return meter.current.read(status);
}

class RateMeter {
  #samples: Sample[] = [];
  #history = new Map<string, number[]>();
  #rates: Rates = { incoming: 0, outgoing: new Map(), history: new Map() };
  #last: Status | undefined;
  #started = 0;

  read(status: Status | undefined): Rates {
    if (status !== undefined && status !== this.#last) this.#add(status);
    return this.#rates;
  }

  #add(status: Status): void {
    const previous = this.#last;
    this.#last = status;
    if (previous !== undefined && status.now <= previous.now) return;
    // A daemon that has restarted, or a page that slept, has no difference to show.
    if (status.started !== this.#started || status.now - (previous?.now ?? 0) > 6 * windowMs) this.#samples = [];
    this.#started = status.started;
    this.#samples.push({
      at: status.now,
      entered: new Map(status.sinks.flatMap(sink => entered(sink))),
      delivered: new Map(status.sinks.map(sink => [sink.sink, sink.delivered])),
    });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? 0) < status.now - windowMs) this.#samples.shift();
    const outgoing = new Map(status.sinks.map(({ sink }) => [sink, this.#difference('delivered', sink)]));
    for (const [sink, value] of this.#samples.length > 1 ? outgoing : []) {
      const line = [...(this.#history.get(sink) ?? []), value].slice(-kept);
      this.#history.set(sink, line);
    }
    const incoming = Math.max(0, ...status.sinks.map(({ sink }) => this.#difference('entered', sink)));
    this.#rates = { incoming, outgoing, history: new Map(this.#history) };
  }

  #difference(what: 'entered' | 'delivered', sink: string): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const [before, after] = [first?.[what].get(sink), last?.[what].get(sink)];
    if (first === undefined || last === undefined || before === undefined || after === undefined || first === last)
      return 0;
    return Math.max(0, ((after - before) / (last.at - first.at)) * 1000);
  }
}

/** Every event is in one of these, so their sum grows by what came in; nothing while one of them is not known. */
function entered({ sink, delivered, duplicates, filtered, dead, pending }: SinkStatus): [string, number][] {
  return pending === null || dead === null ? [] : [[sink, delivered + duplicates + filtered + dead + pending]];
}
