import { Worker } from 'node:worker_threads';
import { threadFile } from '../program-files.js';
import type { ReadName } from './calls.js';
import { markCorrupt } from './corrupt-marker.js';
import { CorruptError } from './database-error.js';
import { type ReaderAnswer, type ReaderRequest, unpacked } from './protocol.js';

/** What a query brings is soon garbage, and a larger young generation would stay resident for it. */
const youngGenerationMb = 4;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The main thread's side of a reader. Its thread begins with the first query. */
export class Reader {
  readonly #dir: string;
  readonly #onFatal: (error: Error) => void;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #number = 0;
  #ended: Error | undefined;

  constructor(dir: string, onFatal: (error: Error) => void) {
    this.#dir = dir;
    this.#onFatal = onFatal;
  }

  read(name: ReadName, args: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#number += 1;
      this.#pending.set(this.#number, { resolve, reject });
      this.#send({ kind: 'read', number: this.#number, name, args });
    });
  }

  /** After the queries that were begun. When it resolves the thread has ended, and no file is open. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = new Error('the storage is closed');
      if (this.#worker !== undefined) this.#send({ kind: 'close' });
    }
    await this.#exited;
  }

  #send(request: ReaderRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const workerData = { dir: this.#dir };
    const worker = new Worker(threadFile('src/storage/reader-worker.js'), {
      name: 'storage reader',
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    this.#exited = new Promise(resolve => worker.once('exit', resolve));
    worker.on('message', (answer: ReaderAnswer) => {
      const pending = this.#pending.get(answer.number);
      this.#pending.delete(answer.number);
      if (!('error' in answer)) return pending?.resolve(answer.result);
      const error = unpacked(answer.error);
      pending?.reject(error);
      if (!(error instanceof CorruptError)) return;
      markCorrupt(this.#dir, error);
      this.#fail(error);
    });
    worker.on('error', error => this.#fail(error));
    worker.on('exit', code => this.#fail(new Error(`the storage's reader thread ended (${code})`)));
    return worker;
  }

  #fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    if (this.#ended !== undefined) return;
    this.#ended = error;
    void this.#worker?.terminate();
    this.#onFatal(error);
  }
}
