import type { ImportReceipt } from '../../../openapi/api-types.js';
import type { Client } from '../client.js';
import { requestLimits } from '../events.js';

export interface SentEvent {
  readonly id: string;
  readonly text: string;
}

/** A line of a request, `{"id": …, "event": {…}}`. */
export function pastLine({ id, text }: SentEvent): string {
  return `{"id":${JSON.stringify(id)},"event":${text}}`;
}

/** Gathers events into requests within the limits, one request after the other. */
export class PastBatch<Answer = ImportReceipt> {
  readonly #client: Client;
  readonly #path: string;
  readonly #answered: (answer: Answer, sent: readonly SentEvent[]) => void;
  #events: SentEvent[] = [];
  #lines: string[] = [];
  #bytes = 0;

  constructor(client: Client, path: string, answered: (answer: Answer, sent: readonly SentEvent[]) => void) {
    this.#client = client;
    this.#path = path;
    this.#answered = answered;
  }

  /** False: it fits into no request. */
  async add(event: SentEvent): Promise<boolean> {
    const line = pastLine(event);
    const bytes = Buffer.byteLength(line) + 1;
    if (bytes > requestLimits.bytes) return false;
    if (this.#lines.length === requestLimits.count || this.#bytes + bytes > requestLimits.bytes) await this.flush();
    this.#events.push(event);
    this.#lines.push(line);
    this.#bytes += bytes;
    return true;
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const [sent, body] = [this.#events, this.#lines.join('\n')];
    this.#events = [];
    this.#lines = [];
    this.#bytes = 0;
    const request = { method: 'POST', path: this.#path, body, type: 'application/x-ndjson' } as const;
    this.#answered(await this.#client.request<Answer>(request), sent);
  }
}
