import type { KeyValues } from '../storage/key-values.js';
import { type LedgerReport, ledgerReportOf } from '../storage/ledger-report.js';

/** A hundred years: for ever. */
const keepMs = 100 * 365 * 86_400_000;

/**
 * How many of the missing events of each sink a person knows about, kept on this disk. What is missing stays missing in
 * the ledger; only what is beyond this number is a problem. Those that come after all are taken off it, so that it
 * never covers others that go missing later.
 */
export class AcknowledgedMissing {
  readonly #keyValues: KeyValues;
  #counts: Promise<Map<string, number>> | undefined;

  constructor(keyValues: KeyValues) {
    this.#keyValues = keyValues;
  }

  /** The report with what is acknowledged in it. */
  async applyTo(report: LedgerReport): Promise<LedgerReport> {
    const counts = await this.#read(report);
    for (const { sink, missing } of report.sinks) {
      if ((counts.get(sink) ?? 0) > missing) await this.#put(counts, sink, missing);
    }
    const rows = report.sinks.map(row => ({ ...row, acknowledged: counts.get(row.sink) ?? 0 }));
    return ledgerReportOf(rows, report.hours);
  }

  /**
   * Everything that the sink is missing now. Durable when it resolves; nothing is kept of a sink that is not in the
   * ledger.
   */
  async acknowledge(sink: string, report: LedgerReport): Promise<void> {
    const row = report.sinks.find(one => one.sink === sink);
    if (row !== undefined) await this.#put(await this.#read(report), sink, row.missing);
  }

  async #put(counts: Map<string, number>, sink: string, count: number): Promise<void> {
    await this.#keyValues.put([[sink, String(count)]], keepMs);
    counts.set(sink, count);
  }

  /** A disk that cannot be read now is read again the next time. */
  async #read({ sinks }: LedgerReport): Promise<Map<string, number>> {
    this.#counts ??= this.#keyValues
      .get(sinks.map(({ sink }) => sink))
      .then(values => new Map([...values].map(([sink, count]) => [sink, Number(count)])));
    return this.#counts.catch(error => {
      this.#counts = undefined;
      throw error;
    });
  }
}
