import { describe } from '../../errors.js';
import type { BrokerStatus } from '../broker.js';
import type { Connection } from './connection.js';

export interface StatusInput {
  readonly consuming: Connection;
  readonly publishing: Connection;
  /** What is wrong with the exchange and the queues. */
  readonly errors: readonly Error[];
  /** How often a queue or the exchange had disappeared. */
  readonly gaps: number;
  /** Events go straight to the broker. */
  readonly ready: boolean;
  /** Messages in the outbox. */
  readonly waiting: number;
  readonly hasOutbox: boolean;
}

/** The state in one word, and in sentences for a person. */
export function brokerStatus(input: StatusInput): BrokerStatus {
  const { consuming, publishing, errors, gaps, ready, waiting, hasOutbox } = input;
  const sentences: string[] = [];
  const lost = publishing.error ?? consuming.error;
  if (lost !== undefined) sentences.push(capital(lost));
  else if (publishing.blocked !== undefined) {
    sentences.push(`RabbitMQ at ${publishing.address} takes no messages now (${publishing.blocked})`);
  } else sentences.push(`Connected to RabbitMQ at ${publishing.address}`);
  sentences.push(...errors.map(error => capital(describe(error))));
  if (!ready)
    sentences.push(hasOutbox ? 'New events wait in the outbox' : 'New events are refused: there is no outbox');
  if (gaps === 1) sentences.push('A queue or the exchange had disappeared once, and was made again');
  if (gaps > 1) sentences.push(`Queues or the exchange had disappeared ${gaps} times, and were made again`);
  const state = ready ? 'ready' : hasOutbox ? 'outbox' : 'down';
  return { state, detail: `${sentences.join('. ')}.`, outbox: waiting, gaps };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
