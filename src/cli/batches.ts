import type { Receipt } from '../../openapi/api-types.js';
import type { Client } from './client.js';
import { requestLimits } from './events.js';

/** Gathers lines into requests within the limits. */
export class Batcher {
  readonly #client: Client;
  readonly #headers: Readonly<Record<string, string>>;
  #lines: string[] = [];
  #bytes = 0;
  /** Totals of what was sent. */
  accepted = 0;
  duplicates = 0;

  constructor(client: Client, headers: Readonly<Record<string, string>> = {}) {
    this.#client = client;
    this.#headers = headers;
  }

  get waiting(): number {
    return this.#lines.length;
  }

  /** Sends first when the line does not fit any more. */
  async add(line: string): Promise<Receipt | undefined> {
    const bytes = Buffer.byteLength(line) + 1;
    const full = this.#lines.length === requestLimits.count || this.#bytes + bytes > requestLimits.bytes;
    const receipt = full ? await this.flush() : undefined;
    this.#lines.push(line);
    this.#bytes += bytes;
    return receipt;
  }

  async flush(): Promise<Receipt | undefined> {
    if (this.#lines.length === 0) return undefined;
    const body = this.#lines.join('\n');
    this.#lines = [];
    this.#bytes = 0;
    const receipt = await this.#client.request<Receipt>({
      method: 'POST',
      path: '/v1/events',
      body,
      type: 'application/x-ndjson',
      headers: this.#headers,
    });
    this.accepted += receipt.accepted;
    this.duplicates += receipt.duplicates;
    return receipt;
  }
}
