import type { Value } from './database.js';
import { eventColumns } from './events.js';
import type { MessageColumns } from './queues.js';

/**
 * Copying a value to the writer's thread costs about as much as writing it, and the rows of events say much of what
 * their messages do. So that crosses once: null in a row stands for what the message in the same place has.
 */
type Shared = Pick<MessageColumns, 'ids' | 'sources' | 'received' | 'bodies'>;

/** Columns of `events` and those of messages. None of them is ever null. */
const columns: readonly (readonly [place: number, of: keyof Shared])[] = [
  [0, 'ids'],
  [4, 'sources'],
  [5, 'received'],
  [7, 'bodies'],
];

/** The rows as they are when they are not those of the messages, one by one. */
export function withoutShared(rows: readonly Value[], messages: Shared): readonly Value[] {
  const count = messages.ids.length;
  if (rows.length !== count * eventColumns) return rows;
  const left = rows.slice();
  for (const [place, name] of columns) {
    const column: readonly Value[] = messages[name];
    for (let index = 0, at = place; index < count; index += 1, at += eventColumns)
      if (left[at] === column[index]) left[at] = null;
  }
  return left;
}

export function withShared(rows: readonly Value[], messages: Shared): readonly Value[] {
  const count = messages.ids.length;
  if (rows.length !== count * eventColumns) return rows;
  const whole = rows.slice();
  for (const [place, name] of columns) {
    const column: readonly Value[] = messages[name];
    for (let index = 0, at = place; index < count; index += 1, at += eventColumns) whole[at] ??= column[index]!;
  }
  return whole;
}
