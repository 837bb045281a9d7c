import type { FaultContext, HttpResponse } from '../http/faults.js';
import type { FieldType } from './line-protocol.js';

/** For messages: who answered, which settings a refusal is about, and what none may show. */
export interface FaultNames extends Omit<FaultContext, 'now'> {
  readonly secrets: readonly string[];
}

/** One way to reach an InfluxDB. It sends and says what came back; what that means is decided in point-writer.ts. */
export interface Writer {
  /** What a first connection needs: on 1.x, the database. @throws TransientError, SetupError */
  prepare(signal?: AbortSignal): Promise<void>;
  /**
   * False: something is to be made first, and `prepare` may make it. Makes nothing. @throws SetupError when it may not
   */
  prepared(signal: AbortSignal): Promise<boolean>;
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

/** A line that writes nothing; the server looks at credentials and bucket all the same [run on 1.6.7]. */
export const emptyWrite = Buffer.from('# event-sink\n');
