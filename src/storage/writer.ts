import { Worker } from 'node:worker_threads';
import { BelievedTime } from '../believed-time.js';
import type { Clock } from '../clock.js';
import { assertNever } from '../errors.js';
import { threadFile } from '../program-files.js';
import type { Job } from './group.js';
import type { Limits } from './limits.js';
import { type FoundAtOpening, unpacked, type WireOutcome, type WriterAnswer, type WriterRequest } from './protocol.js';

/** Jobs of one transaction. */
const maxGroupJobs = 128;
/** Groups with the writer when the later ones are large: it goes on with the next while callers hear of one. */
const maxGroups = 2;
/** What a group brings is soon garbage, and a larger young generation would stay resident for it. */
const youngGenerationMb = 4;

interface Pending {
  readonly job: Job;
  readonly large: boolean;
  resolve(results: readonly unknown[]): void;
  reject(error: Error): void;
}

export interface WriterOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Nothing can be written any more. Called once. */
  readonly onFatal: (error: Error) => void;
}

/**
 * The main thread's side of the writer. The jobs that come while a group is with the writer are the next one, so that
 * a group is as large as the last commit was slow, without a timer. Only a large job, which gains nothing by that, goes
 * to the writer at once.
 */
export class Writer {
  readonly #worker: Worker;
  readonly #options: WriterOptions;
  readonly #exited: Promise<unknown>;
  readonly #believed: BelievedTime;
  #gathering: Pending[] = [];
  /** With the writer, in the order of its answers. */
  #groups: Pending[][] = [];
  #compactions: { request: WriterRequest; resolve: (more: boolean) => void; reject: (error: Error) => void }[] = [];
  #state: 'opening' | 'idle' | 'asked' | 'busy' | 'closed' = 'opening';
  #closing: (() => void) | undefined;
  #fault: Error | undefined;

  /** Resolves when the files are open. @throws SetupError and the like */
  static async open(options: WriterOptions): Promise<{ writer: Writer; found: FoundAtOpening }> {
    const writer = new Writer(options);
    try {
      const answer = await writer.#opened();
      return { writer, found: answer };
    } catch (error) {
      await writer.#exited;
      throw error;
    }
  }

  private constructor(options: WriterOptions) {
    this.#options = options;
    this.#believed = new BelievedTime(options.clock);
    const workerData = { dir: options.dir, now: options.clock.now(), limits: options.limits };
    this.#worker = new Worker(threadFile('src/storage/writer-worker.js'), {
      name: 'storage writer',
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    this.#exited = new Promise(resolve => this.#worker.once('exit', resolve));
  }

  /** Resolves when its thread has ended: the files are closed, and the lock of the folder is free. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  /** @param large it writes so much that it gains nothing from a commit with others */
  write(job: Job, large = false): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#fault !== undefined) return reject(this.#fault);
      if (this.#closing !== undefined) return reject(new Error('the storage is closed'));
      this.#gathering.push({ job, large, resolve, reject });
      this.#ask(large);
    });
  }

  /** @see compact in compaction.ts */
  compact(pages: number): Promise<boolean> {
    return this.#between({ kind: 'compact', pages });
  }

  /** True once the write-ahead log is empty. */
  async purge(): Promise<boolean> {
    return !(await this.#between({ kind: 'purge' }));
  }

  /** @see rebuild in compaction.ts */
  async rebuild(): Promise<boolean> {
    return !(await this.#between({ kind: 'rebuild' }));
  }

  #between(request: WriterRequest): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#fault !== undefined || this.#closing !== undefined) return resolve(false);
      this.#compactions.push({ request, resolve, reject });
      this.#ask();
    });
  }

  /** After everything that was begun. */
  async close(): Promise<void> {
    if (this.#fault === undefined && this.#closing === undefined) {
      await new Promise<void>(resolve => {
        this.#closing = resolve;
        this.#ask();
      });
    }
    await this.#exited;
  }

  #opened(): Promise<FoundAtOpening> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        this.#fault = error;
        reject(error);
      };
      this.#worker.once('error', failed);
      this.#worker.once('message', (answer: WriterAnswer) => {
        this.#worker.off('error', failed);
        if (answer.kind !== 'ready')
          return failed(answer.kind === 'fatal' ? unpacked(answer.error) : new Error(answer.kind));
        this.#state = 'idle';
        this.#worker.on('message', (next: WriterAnswer) => this.#answered(next));
        this.#worker.on('error', error => this.#fail(error));
        this.#worker.on('exit', code => {
          if (this.#state !== 'closed') this.#fail(new Error(`the storage's writer thread ended (${code})`));
        });
        resolve(answer.found);
      });
    });
  }

  /** Asks for the next group at the end of this turn of the event loop, so that what comes in one turn is one group. */
  #ask(large = false): void {
    if (large && this.#state === 'busy') return this.#askAhead();
    if (this.#state === 'idle') this.#nextSoon();
  }

  #askAhead(): void {
    const { length } = this.#groups;
    if (length === 0 || length >= maxGroups || this.#compactions.length > 0) return;
    if (this.#gathering.some(({ large }) => large)) this.#sendGroup();
  }

  /** Nothing is with the writer. Groups and compactions take turns: neither waits for the other's end. */
  #next(afterGroup = false): void {
    if (this.#fault !== undefined) return;
    const compaction = this.#compactions[0];
    if (compaction !== undefined && (afterGroup || this.#gathering.length === 0)) return this.#send(compaction.request);
    if (this.#gathering.length > 0) return this.#sendGroup();
    if (this.#closing !== undefined) {
      this.#send({ kind: 'close' });
      this.#state = 'closed';
      return this.#closing();
    }
    this.#state = 'idle';
  }

  #sendGroup(): void {
    const group = this.#gathering.slice(0, maxGroupJobs);
    // A new list: one that is emptied and filled for ever keeps alive what it once held (under-way.ts).
    this.#gathering = this.#gathering.slice(maxGroupJobs);
    const jobs = group.map(({ job }) => job);
    try {
      this.#send({ kind: 'group', jobs, now: this.#options.clock.now(), believed: this.#believed.now() });
    } catch (error) {
      // What cannot be copied to the thread: a defect, or no memory. Nothing of the group was sent.
      for (const { reject } of group) reject(error as Error);
      if (this.#groups.length === 0) this.#nextSoon();
      return;
    }
    this.#groups = [...this.#groups, group];
  }

  #send(request: WriterRequest): void {
    this.#state = 'busy';
    this.#worker.postMessage(request);
  }

  #nextSoon(afterGroup = false): void {
    this.#state = 'asked';
    setImmediate(() => this.#next(afterGroup));
  }

  #answered(answer: WriterAnswer): void {
    switch (answer.kind) {
      case 'group': {
        const [written = [], ...others] = this.#groups;
        this.#groups = others;
        for (const [index, pending] of written.entries()) settle(pending, answer.outcomes[index]!);
        if (this.#groups.length > 0) return this.#askAhead();
        // After the callers have their results: what they write next belongs to the next group.
        return this.#nextSoon(true);
      }
      case 'compact':
        this.#compactions.shift()!.resolve(answer.more);
        return this.#next();
      case 'fatal':
        return this.#fail(unpacked(answer.error));
      case 'ready':
        return;
      default:
        return assertNever(answer);
    }
  }

  #fail(error: Error): void {
    if (this.#fault !== undefined) return;
    this.#fault = error;
    for (const { reject } of [...this.#groups.flat(), ...this.#gathering, ...this.#compactions]) reject(error);
    this.#groups = [];
    this.#gathering = [];
    this.#compactions = [];
    this.#closing?.();
    void this.#worker.terminate();
    this.#options.onFatal(error);
  }
}

function settle({ resolve, reject }: Pending, outcome: WireOutcome): void {
  if ('error' in outcome) reject(unpacked(outcome.error));
  else resolve(outcome.results);
}
