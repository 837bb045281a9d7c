import { readFileSync } from 'node:fs';

/**
 * Files that the daemon needs beside its connections: database, logs, broker, sinks, what libraries open for a moment.
 */
const minReserve = 64;
/** Even so, this many connections are let in. */
const minConnections = 16;

/**
 * How many connections there may be, so that a quarter of the files that the process
 * may open is left for everything else.
 */
export function connectionCap(wanted: number, limit = openFileLimit()): number {
  if (limit === undefined) return wanted;
  return Math.min(wanted, Math.max(minConnections, limit - Math.max(minReserve, Math.ceil(limit / 4))));
}

/** The soft limit, which Node raises to the hard one at its start. Undefined where there is none, or no /proc. */
function openFileLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
