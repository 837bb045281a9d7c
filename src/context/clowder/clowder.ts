import type { Facts, ResourceKind } from '../resource.js';
import { type ClowderClient, NoClowderError } from './client.js';
import { askClowder1, filesFromReport, filesOfDataset } from './clowder-1.js';
import { askClowder2 } from './clowder-2.js';
import type { ApiVersion, Learnt } from './reply.js';

/** How often Clowder 1 is searched for the dataset of a file, which it does not name, ms. */
const searchAgainMs = 86_400_000;
/** Datasets whose files are listed for one file. */
const maxListings = 10;
/** Datasets of which it is remembered when their files were listed. */
const maxListed = 10_000;

export interface Question {
  readonly kind: ResourceKind;
  readonly id: string;
  /** It is a file, and nobody knows its dataset. */
  readonly lacksDataset: boolean;
  /** Datasets that are known, to be looked through for it. */
  readonly datasets: () => Iterable<string>;
}

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
    if (this.#api === 2) return askClowder2(this.#client, kind, id, signal);
    const learnt = this.#api === undefined ? await this.#askEither(kind, id, signal) : undefined;
    if (learnt !== undefined && (this.#api !== 1 || learnt.outcome !== 'known')) return learnt;
    const found = question.lacksDataset ? await this.#search(question, signal) : [];
    if (found.some(([file]) => file === id)) return { outcome: 'known', resources: found };
    const { outcome, resources } = learnt ?? (await askClowder1(this.#client, kind, id, signal));
    return { outcome, resources: [...resources, ...found] };
  }

  /** Clowder 1, unless it turns out to be the other. */
  async #askEither(kind: ResourceKind, id: string, signal: AbortSignal): Promise<Learnt> {
    // Clowder 2 answers with its page where there is no such address.
    const first = await askClowder1(this.#client, kind, id, signal).catch((error: unknown) => {
      if (error instanceof NoClowderError) return error;
      throw error;
    });
    const clear = !(first instanceof NoClowderError) && first.api === 1;
    const learnt = clear ? first : await askClowder2(this.#client, kind, id, signal);
    this.#api = learnt.api;
    if (first instanceof NoClowderError && learnt.api === undefined) throw first;
    return learnt.api === undefined ? (first as Learnt) : learnt;
  }

  /** What was met in the search for a file: in the report on all files, and in datasets that are known. */
  async #search({ id, datasets }: Question, signal: AbortSignal): Promise<Learnt['resources']> {
    const now = this.#now();
    const met: (readonly [string, Facts])[] = [];
    const isMet = (): boolean => met.some(([file]) => file === id);
    if (this.#client.hasKey && now - this.#reportedAt > searchAgainMs) {
      met.push(...(await filesFromReport(this.#client, signal)));
      this.#reportedAt = now;
    }
    let listings = 0;
    for (const dataset of datasets()) {
      if (listings >= maxListings || isMet()) break;
      if (now - (this.#listedAt.get(dataset) ?? Number.NEGATIVE_INFINITY) <= searchAgainMs) continue;
      met.push(...(await filesOfDataset(this.#client, dataset, signal)));
      this.#listed(dataset, now);
      listings += 1;
    }
    return met;
  }

  #listed(dataset: string, now: number): void {
    this.#listedAt.delete(dataset);
    this.#listedAt.set(dataset, now);
    const [oldest] = this.#listedAt.keys();
    if (this.#listedAt.size > maxListed && oldest !== undefined) this.#listedAt.delete(oldest);
  }
}
