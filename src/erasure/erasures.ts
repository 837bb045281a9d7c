import { type Backoff, backoff, backoffs } from '../backoff.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { ascendingId, hashOf } from '../events/identity.js';
import type { Log } from '../log.js';
import { type People, peopleOf } from '../people/people.js';
import { KnownTexts } from '../people/personal-text.js';
import { hashOfPerson, type Suppression } from '../people/suppression.js';
import { untilAborted } from '../retry.js';
import type { WriteCall } from '../storage/calls.js';
import type { ErasureRow } from '../storage/erasures.js';
import type { Storage } from '../storage/storage.js';
import type { Place, Taken } from './place.js';
import { type PlaceReceipt, type Receipt, untried, withPlace } from './receipt.js';
import { Search } from './search.js';

export interface ErasuresOptions {
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically' | 'purgeSoon' | 'rebuild'>;
  readonly suppression: Suppression;
  /** Keys the hashes (ID_SECRET). */
  readonly idSecret: string;
  readonly places: readonly Place[];
  /** Resolves when whatever is on its way into the daemon's storage and its broker now is there. */
  readonly settled: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** An erasure that is not done. */
interface Job {
  readonly people: People;
  receipt: Receipt;
  /** Distant places where it is under way, or waits until another erasure is through there. */
  readonly begun: Set<string>;
}

/** Receipts that are shown, the newest ones. */
const listed = 100;

/**
 * The erasure of people, each a job that is durable from its first commit on, and is done when every place is.
 *
 * asked: in one commit the job is kept and the hashes are in the suppression list, so that nothing of them is let in or
 * delivered from then on. → pending: place after place here, then the destinations side by side, each result in the
 * receipt; a place that cannot be reached is tried again, after a restart too. Nothing waits for a destination but the
 * other erasures there: it takes one at a time. → done: what names them is forgotten, and the receipt stays.
 */
export class Erasures {
  /** What is held of people. */
  readonly search: Search;
  readonly #options: ErasuresOptions;
  readonly #stop = new AbortController();
  #woken = new AbortController();
  #running: Promise<void> | undefined;
  /** By id. */
  readonly #jobs = new Map<string, Job>();
  /** The last of those that take turns in a distant place, by its name. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: ErasuresOptions) {
    this.#options = options;
    this.search = new Search(options);
  }

  /** Goes on with what a process before this one has left. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Durable when it resolves, and nothing of them is delivered from then on. */
  async erase(ids: readonly string[]): Promise<Receipt> {
    const { storage, suppression, idSecret, places, clock } = this.#options;
    const people = peopleOf(idSecret, ids);
    const asked = clock.now();
    const receipt: Receipt = {
      id: ascendingId(asked),
      asked,
      state: 'pending',
      finished: null,
      people: ids.map(id => hashOfPerson(idSecret, id)),
      places: places.map(({ name }) => untried(name)),
    };
    const { hashes } = people;
    const secret = hashOf(idSecret);
    const names = JSON.stringify(ids);
    await storage.write('beginErasure', {
      id: receipt.id,
      people: names,
      state: JSON.stringify(receipt),
      hashes,
      secret,
    });
    suppression.add(hashes);
    this.#woken.abort();
    return receipt;
  }

  /** Newest first. */
  async list(): Promise<Receipt[]> {
    return (await this.#options.storage.read('listErasures', { limit: listed })).map(receiptOf);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#turns.values());
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#options;
    let waits: Backoff = backoff(backoffs.erasure);
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const any = AbortSignal.any([signal, this.#woken.signal]);
      let left = false;
      try {
        left = await this.#pass();
        if (!left) waits = backoff(backoffs.erasure);
      } catch (error) {
        left = true;
        log.warn({ reason: describe(error) }, 'erasure.delayed');
      }
      if (!left) await untilWoken(any);
      else {
        const [waitMs, after] = waits.next();
        waits = after;
        await clock.sleep(waitMs, any);
        // Something has ended or is new: no reason to wait longer for the rest.
        if (this.#woken.signal.aborted) waits = backoff(backoffs.erasure);
      }
    }
  }

  /** Whether something is left to be done. */
  async #pass(): Promise<boolean> {
    const { storage } = this.#options;
    let left = false;
    for (const row of await storage.write('openErasures')) {
      if (this.#stop.signal.aborted) return true;
      const receipt = receiptOf(row);
      const job = this.#jobs.get(receipt.id) ?? { people: this.#peopleOf(row), receipt, begun: new Set() };
      this.#jobs.set(receipt.id, job);
      if (await this.#carryOut(job)) this.#jobs.delete(receipt.id);
      else left = true;
    }
    return left;
  }

  /** Whether every place is done. It does not wait for the distant ones. */
  async #carryOut(job: Job): Promise<boolean> {
    const { storage, places, clock } = this.#options;
    await untilAborted(this.#stop.signal, this.#options.settled(), () => undefined);
    for (const place of places) if (place.isDistant === undefined) await this.#tryIn(place, job);
    for (const { name, isDistant } of places) if (isDistant) this.#begin(name, job);
    if (this.#stop.signal.aborted || job.begun.size > 0) return false;
    // What is configured no more cannot be asked.
    const here = new Set(places.map(({ name }) => name));
    if (job.receipt.places.some(({ place, state }) => state === 'pending' && here.has(place))) return false;
    job.receipt = { ...job.receipt, state: 'done', finished: clock.now() };
    await this.#keep(job.receipt, [], true);
    // Last of all, so that nothing of the job is left either.
    if (!(await storage.rebuild())) await this.#keep(withPlace(job.receipt, unusedParts(clock.now())), [], true);
    return true;
  }

  /** In a distant place, when the erasures that came there before are through. */
  #begin(name: string, job: Job): void {
    if (job.begun.has(name) || receiptIn(name, job).state !== 'pending') return;
    job.begun.add(name);
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(async () => {
      try {
        // As it is configured by then.
        const place = this.#options.places.find(one => one.name === name);
        if (place !== undefined) await this.#tryIn(place, job);
      } catch (error) {
        this.#options.log.warn({ erasure: job.receipt.id, place: name, reason: describe(error) }, 'erasure.delayed');
      }
      job.begun.delete(name);
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
      // What has failed waits for the next pass.
      if (receiptIn(name, job).state !== 'pending') this.#woken.abort();
    });
    this.#turns.set(name, turn);
  }

  async #tryIn(place: Place, job: Job): Promise<void> {
    if (receiptIn(place.name, job).state !== 'pending' || this.#stop.signal.aborted) return;
    const after = await this.#eraseIn(place, job);
    job.receipt = withPlace(job.receipt, after);
    await this.#keep(job.receipt);
    this.#note(job.receipt.id, after);
  }

  async #eraseIn(place: Place, job: Job): Promise<PlaceReceipt> {
    const { clock } = this.#options;
    const { people } = job;
    let counted = receiptIn(place.name, job);
    const commit = async (calls: readonly WriteCall[], taken: Taken): Promise<void> => {
      const next = added(counted, taken);
      // Before it is written: another place may keep the receipt meanwhile.
      job.receipt = withPlace(job.receipt, next);
      await this.#keep(job.receipt, calls);
      counted = next;
    };
    try {
      const tools = { erasure: job.receipt.id, signal: this.#stop.signal, commit };
      const { steps = [], erased = 0, changed = 0 } = await place.erase(people, tools);
      const state = steps.length > 0 ? 'left' : 'done';
      const said = steps.map(step => withoutNames(step, people));
      return { ...added(counted, { erased, changed }), state, steps: said, reason: null, at: clock.now() };
    } catch (error) {
      return { ...counted, reason: withoutNames(describe(error), people), at: clock.now() };
    }
  }

  #keep(receipt: Receipt, calls: readonly WriteCall[] = [], done = false): Promise<unknown> {
    const state = JSON.stringify(receipt);
    return this.#options.storage.atomically([...calls, ['keepErasure', { id: receipt.id, state, done }]]);
  }

  #note(erasure: string, { place, state, erased, changed, reason }: PlaceReceipt): void {
    const { storage, log } = this.#options;
    storage.purgeSoon();
    if (state === 'pending') log.warn({ erasure, place, reason }, 'erasure.delayed');
    else log.info({ erasure, place, erased, changed }, 'people.erased');
  }

  #peopleOf([, , people]: ErasureRow): People {
    const { suppression, idSecret } = this.#options;
    const ids: unknown = JSON.parse(people ?? 'null');
    if (Array.isArray(ids)) return peopleOf(idSecret, ids as string[]);
    return { texts: undefined, judge: event => suppression.judge(event) };
  }
}

/** What secure_delete does not overwrite, and a large file keeps until it is written over. */
function unusedParts(now: number): PlaceReceipt {
  const step =
    'the database is large: single bytes may stand in unused parts of its pages until they are written over; with the daemon stopped, sqlite3 event-sink.db VACUUM removes them';
  return { ...untried('unused parts of the database'), state: 'left', steps: [step], at: now };
}

/** A destination may quote what it was asked. */
function withoutNames(text: string, { texts = [] }: People): string {
  return new KnownTexts(texts.map(one => [one, '[erased]'])).replaceIn(text);
}

function receiptIn(name: string, { receipt }: Job): PlaceReceipt {
  return receipt.places.find(({ place }) => place === name) ?? untried(name);
}

function receiptOf([, , , state]: ErasureRow): Receipt {
  return JSON.parse(state) as Receipt;
}

function added(receipt: PlaceReceipt, { erased, changed }: Taken): PlaceReceipt {
  return { ...receipt, erased: receipt.erased + erased, changed: receipt.changed + changed };
}

function untilWoken(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
