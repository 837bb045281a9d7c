import type { Value } from './database.js';
import { bodyColumn, eventColumns } from './events.js';

/**
 * Copying a body to the writer's thread costs as much as writing its row, and the rows of events have the bodies of
 * their messages. So each crosses once: null in a row stands for the body of the message in the same place.
 */

/** The rows as they are when they are not those of the messages, one by one. */
export function withoutBodies(rows: readonly Value[], bodies: readonly string[]): readonly Value[] {
  if (rows.length !== bodies.length * eventColumns) return rows;
  const shared = [...rows];
  for (const [place, body] of bodies.entries()) {
    const at = place * eventColumns + bodyColumn;
    if (shared[at] === body) shared[at] = null;
  }
  return shared;
}

export function withBodies(rows: readonly Value[], bodies: readonly string[]): readonly Value[] {
  if (rows.length !== bodies.length * eventColumns) return rows;
  const whole = [...rows];
  for (const [place, body] of bodies.entries()) whole[place * eventColumns + bodyColumn] ??= body;
  return whole;
}
