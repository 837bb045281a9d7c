import type { OutgoingMessage } from './outgoing-message.js';

/** What publishing says to the ledger. */
export interface PublishLedger {
  /** This daemon's own id, which goes with each number. */
  readonly daemon: string;
  /** Gives a message its number, if it is to be counted and has none yet. */
  number(message: OutgoingMessage): void;
  /** RabbitMQ has it. */
  confirmed(message: OutgoingMessage): void;
  /** The outbox has them, durably. */
  kept(messages: readonly OutgoingMessage[]): void;
  /** They have left the outbox. */
  left(messages: readonly OutgoingMessage[]): void;
}
