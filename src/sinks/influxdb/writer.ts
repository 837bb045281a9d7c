import type { HttpResponse } from '../http/faults.js';
import type { FieldType } from './line-protocol.js';

/** One way to reach an InfluxDB. It sends and says what came back; what that means is decided in point-writer.ts. */
export interface Writer {
  /** What a first connection needs: on 1.x, the database. @throws TransientError, SetupError */
  prepare(signal?: AbortSignal): Promise<void>;
  /**
   * Lines as UTF-8, each with its line break. One request, never repeated; resolves with whatever the server answered.
   * @throws NoAnswerError, SetupError
   */
  send(lines: Uint8Array, signal: AbortSignal): Promise<HttpResponse>;
  /** The types of the measurement's fields, as far as the server names them. Never throws. */
  fieldTypes(signal: AbortSignal): Promise<ReadonlyMap<string, FieldType>>;
  close(): void;
}

/** How long one request may take. */
export const requestTimeoutMs = 30_000;

/** What is kept of an answer: a refusal can name every line of the batch. */
export const maxAnswerBytes = 16 << 20;
