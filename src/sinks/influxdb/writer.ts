import type { HttpResponse } from '../http/faults.js';
import type { FieldType } from './line-protocol.js';

/** One way to reach an InfluxDB. It sends and says what came back; what that means is decided in delivery.ts. */
export interface Writer {
  /** What a first connection needs: on 1.x, the database. @throws TransientError, SetupError */
  prepare(signal?: AbortSignal): Promise<void>;
  /**
   * Lines as UTF-8, each with its line break. One request, never repeated; resolves with whatever the server answered.
   * @throws NoAnswerError, SetupError
   */
  send(lines: Uint8Array, signal: AbortSignal): Promise<HttpResponse>;
  /** The types of the measurement's fields, as far as the server tells. Never throws. */
  fieldTypes(signal: AbortSignal): Promise<ReadonlyMap<string, FieldType>>;
  close(): void;
}

/** Of one request, ms. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** A refusal can name every line of the batch. */
export const LONGEST_ANSWER = 16 << 20;
