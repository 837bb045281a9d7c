import type { Message } from '../../../events/message.js';
import type { Publication } from '../../broker.js';
import type { OutgoingMessage } from './outgoing-message.js';

/** A publication whose messages have their addresses. */
export interface OutgoingPublication extends Pick<Publication, 'accepted' | 'failed'> {
  readonly messages: readonly OutgoingMessage[];
}

/** Each with the addresses of its messages. One with a message that has none, so that `outgoing` throws, has failed. */
export function addressed(
  publications: readonly Publication[],
  outgoing: (message: Message) => readonly OutgoingMessage[],
): OutgoingPublication[] {
  return publications.flatMap(({ messages, accepted, failed }) => {
    try {
      return { messages: messages.flatMap(outgoing), accepted, failed };
    } catch (error) {
      failed(error);
      return [];
    }
  });
}
