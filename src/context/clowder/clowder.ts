import type { Facts, ResourceKind } from '../resource.js';
import { type ClowderClient, NoClowderError } from './client.js';
import { askClowder1, filesFromReport, filesOfDataset1 } from './clowder-1.js';
import { askClowder2, filesOfDataset2 } from './clowder-2.js';
import type { ApiVersion, Learnt } from './reply.js';

export interface Question {
  readonly kind: ResourceKind;
  readonly id: string;
  /** Datasets that a file may be in, the likeliest first. */
  readonly candidates: () => Iterable<string>;
  /** Other files are to be asked about too. */
  readonly moreFiles: boolean;
}

type Met = (readonly [id: string, facts: Facts])[];

/** How long the report on all files, and the list of a dataset's files, are good, ms. */
const reportMs = 86_400_000;
const listMs = 600_000;
/** Datasets whose files are listed for one file. */
const maxListings = 10;
/** Datasets of which it is remembered when their files were listed. */
const maxListed = 10_000;

/** Either Clowder. Which one it is, its first clear answer tells. */
export class Clowder {
  readonly #client: ClowderClient;
  readonly #now: () => number;
  #api: ApiVersion | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** When the files of a dataset were listed, by its id; the oldest first. */
  readonly #listedAt = new Map<string, number>();

  constructor(client: ClowderClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** Undefined until it is known. */
  get api(): ApiVersion | undefined {
    return this.#api;
  }

  /** @throws NoClowderError, NoAnswerError, SetupError: nothing was learnt */
  async ask(question: Question, signal: AbortSignal): Promise<Learnt> {
    const { kind, id } = question;
    const learnt = this.#api === undefined ? await this.#askEither(kind, id, signal) : undefined;
    if (this.#api === 1) return this.#ask1(question, learnt, signal);
    return this.#ask2(question, learnt ?? (await askClowder2(this.#client, kind, id, signal)), signal);
  }

  /** Clowder 1, unless it turns out to be the other. */
  async #askEither(kind: ResourceKind, id: string, signal: AbortSignal): Promise<Learnt> {
    // Clowder 2 answers with its page where there is no such address.
    const first = await askClowder1(this.#client, kind, id, signal).catch((error: unknown) => {
      if (error instanceof NoClowderError) return error;
      throw error;
    });
    const isClear = !(first instanceof NoClowderError) && first.api === 1;
    const learnt = isClear ? first : await askClowder2(this.#client, kind, id, signal);
    this.#api = learnt.api;
    if (learnt.api !== undefined) return learnt;
    if (first instanceof NoClowderError) throw first;
    return first;
  }

  /** A file is looked for where its dataset would show, since Clowder 1 does not name that otherwise. */
  async #ask1({ kind, id, candidates }: Question, learnt: Learnt | undefined, signal: AbortSignal): Promise<Learnt> {
    const isGone = learnt !== undefined && learnt.outcome !== 'known';
    const met = kind === 'file' && !isGone ? await this.#search(id, candidates(), signal) : [];
    if (isThere(met, id)) return { outcome: 'known', resources: [...(learnt?.resources ?? []), ...met] };
    const { outcome, resources } = learnt ?? (await askClowder1(this.#client, kind, id, signal));
    return { outcome, resources: [...resources, ...met] };
  }

  /** One file names its dataset; where more files wait, many of them are in the same. */
  async #ask2({ moreFiles }: Question, learnt: Learnt, signal: AbortSignal): Promise<Learnt> {
    const dataset = learnt.resources[0]?.[1].dataset;
    if (dataset === undefined || !moreFiles || !this.#isDue(dataset)) return learnt;
    const files = await filesOfDataset2(this.#client, dataset, signal);
    this.#listed(dataset);
    return { ...learnt, resources: [...learnt.resources, ...files] };
  }

  /** Every file that was met in the search for one: in the report on all files, and in datasets that are known. */
  async #search(id: string, datasets: Iterable<string>, signal: AbortSignal): Promise<Met> {
    const met: Met = [];
    if (this.#client.hasKey && this.#now() - this.#reportedAt > reportMs) {
      met.push(...(await filesFromReport(this.#client, signal)));
      this.#reportedAt = this.#now();
    }
    let listings = 0;
    for (const dataset of datasets) {
      if (listings >= maxListings || isThere(met, id)) break;
      if (!this.#isDue(dataset)) continue;
      met.push(...(await filesOfDataset1(this.#client, dataset, signal)));
      this.#listed(dataset);
      listings += 1;
    }
    return met;
  }

  #isDue(dataset: string): boolean {
    return this.#now() - (this.#listedAt.get(dataset) ?? Number.NEGATIVE_INFINITY) > listMs;
  }

  #listed(dataset: string): void {
    this.#listedAt.delete(dataset);
    this.#listedAt.set(dataset, this.#now());
    const [oldest] = this.#listedAt.keys();
    if (this.#listedAt.size > maxListed && oldest !== undefined) this.#listedAt.delete(oldest);
  }
}

function isThere(files: Learnt['resources'], id: string): boolean {
  return files.some(([found]) => found === id);
}
