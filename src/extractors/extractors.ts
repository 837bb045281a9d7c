/** A heartbeat, as pyClowder sends it. */
export interface Heartbeat {
  readonly name: string;
  readonly version: string;
  readonly queue: string;
  /** Id of the process: one extractor may run as several. */
  readonly id: string;
}

export interface ExtractorChange {
  readonly type: 'appeared' | 'changed' | 'silent';
  readonly name: string;
  readonly version: string;
  readonly queue: string;
  readonly id?: string;
  readonly previousVersion?: string;
  /** Epoch ms. */
  readonly lastSeen?: number;
  readonly message?: string;
}

interface Extractor {
  name: string;
  version: string;
  queue: string;
  silent: boolean;
  /** Epoch ms. */
  lastSeen: number;
  /** When each version was last heard of: while processes are replaced, an old and a new one live side by side. */
  versions: Record<string, number>;
  /** When each process was last heard of. */
  processes: Record<string, number>;
  /** The last times between two beats of one process, ms. */
  gaps: number[];
}

const maxExtractors = 1_000;
const maxVersions = 8;
const maxProcesses = 32;
/** pyClowder's own interval, until an extractor has shown another, ms. */
const usualIntervalMs = 300_000;
const missedBeats = 3;
/** Beats that are closer than this are a burst, and show no interval, ms. */
const minGapMs = 5_000;
/** An extractor that is silent for this long is forgotten, ms. */
const forgetAfterMs = 30 * 86_400_000;

/**
 * Which extractors run, by their heartbeats and their silence. Takes the time as an argument; bounded whatever is sent.
 */
export class Extractors {
  readonly #known = new Map<string, Extractor>();

  /** @param saved what `toJSON` gave, of an earlier process */
  constructor(saved: readonly Extractor[] = []) {
    for (const extractor of saved) this.#known.set(extractor.name, extractor);
  }

  heard(beat: Heartbeat, now: number): ExtractorChange | undefined {
    const known = this.#known.get(beat.name);
    if (known === undefined || known.silent) {
      if (known === undefined && this.#known.size >= maxExtractors) return undefined;
      const { name, version, queue, id } = beat;
      const extractor = { name, version, queue, silent: false, lastSeen: now };
      this.#known.set(name, { ...extractor, versions: { [version]: now }, processes: { [id]: now }, gaps: [] });
      return { type: 'appeared', ...beat };
    }
    const max = silentAfterMs(known);
    const gap = now - (timeOf(known.processes, beat.id) ?? Number.NEGATIVE_INFINITY);
    const isNew = now - (timeOf(known.versions, beat.version) ?? Number.NEGATIVE_INFINITY) > max;
    // A longer one was an absence.
    if (gap >= minGapMs && gap <= max) known.gaps = [...known.gaps, gap].slice(-missedBeats);
    known.lastSeen = now;
    known.versions = latest({ ...known.versions, [beat.version]: now }, maxVersions);
    known.processes = latest({ ...known.processes, [beat.id]: now }, maxProcesses);
    if (!isNew) return undefined;
    const previousVersion = known.version;
    known.version = beat.version;
    known.queue = beat.queue;
    return { type: 'changed', ...beat, previousVersion };
  }

  /** Those that have missed three beats since they were last heard of. */
  overdue(now: number): ExtractorChange[] {
    const changes: ExtractorChange[] = [];
    for (const extractor of this.#known.values()) {
      const { name, version, queue, lastSeen, silent } = extractor;
      if (silent && now - lastSeen > forgetAfterMs) this.#known.delete(name);
      if (silent || now - lastSeen <= silentAfterMs(extractor)) continue;
      extractor.silent = true;
      const minutes = Math.max(1, Math.round((now - lastSeen) / 60_000));
      const message = `No heartbeat for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
      changes.push({ type: 'silent', name, version, queue, lastSeen, message });
    }
    return changes;
  }

  /** Listening begins, or begins again: a silence until now says nothing. */
  listening(now: number): void {
    for (const extractor of this.#known.values()) {
      if (extractor.silent) continue;
      extractor.lastSeen = now;
      extractor.processes = {};
      extractor.versions = Object.fromEntries(Object.keys(extractor.versions).map(version => [version, now]));
    }
  }

  /** As they are now, to be kept. */
  toJSON(): Extractor[] {
    return structuredClone([...this.#known.values()]);
  }
}

/**
 * The longest of the last times between two beats counts, once there are two of them: a beat may
 * be late, or sent twice at the start.
 */
function silentAfterMs({ gaps }: Extractor): number {
  return missedBeats * (gaps.length < 2 ? usualIntervalMs : Math.max(...gaps));
}

/** The keys are somebody else's: one may be called `constructor`. */
function timeOf(times: Readonly<Record<string, number>>, key: string): number | undefined {
  return Object.hasOwn(times, key) ? times[key] : undefined;
}

/** Those with the latest times. */
function latest(times: Readonly<Record<string, number>>, max: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(times)
      .sort(([, a], [, b]) => b - a)
      .slice(0, max),
  );
}
