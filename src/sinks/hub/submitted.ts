import type { KeyValues } from '../../storage/key-values.js';

/** What is known of the report of a month at a hub. */
export interface SubmittedReport {
  /** Its id there: what comes next replaces it. Kept until another has its place, though the hub lacked it once. */
  readonly id?: string;
  /**
   * A first submission went out, and the hub may have it without having said so. `lost`: it was not answered at all;
   * otherwise it was answered with an error of the server.
   */
  readonly sent?: { readonly createdBy: string; readonly lost: boolean };
  /** How often in a row the hub has named a report that it did not have when it was to be replaced. */
  readonly contradictions?: number;
}

/** As good as for ever, ms. */
const keepMs = 100 * 366 * 86_400_000;

/** What was submitted to one hub, by month; on this disk, for as long as there are months. */
export class SubmittedReports {
  readonly #keyValues: KeyValues;
  readonly #hub: string;

  /** @param hub its address: another hub has other reports */
  constructor(keyValues: KeyValues, hub: string) {
    this.#keyValues = keyValues;
    this.#hub = hub;
  }

  async get(month: string): Promise<SubmittedReport> {
    const key = this.#key(month);
    const text = (await this.#keyValues.get([key])).get(key);
    return text === undefined ? {} : (JSON.parse(text) as SubmittedReport);
  }

  /** Durable when it resolves. */
  async put(month: string, report: SubmittedReport): Promise<void> {
    await this.#keyValues.put([[this.#key(month), JSON.stringify(report)]], keepMs);
  }

  #key(month: string): string {
    return `${month} ${this.#hub}`;
  }
}
