import type { TimeRange } from '../../import/range.js';
import type { ImportNotes } from '../../storage/usage-gaps.js';
import type { Client } from '../client.js';
import { requestLimits } from '../events.js';

const hourMs = 3_600_000;

/** What an import says of the time that it brought in, a line each, as far as it was wanted. */
export function noteLines({ spans, gaps }: ImportNotes, range: TimeRange): string[] {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = range;
  const read = spans
    .map(({ from, to }) => ({ from: Math.max(from, since), to: Math.min(to, until) }))
    .filter(({ from, to }) => from < to);
  const missing = gaps.filter(({ hour }) => hour > since - hourMs && hour < until);
  return [
    ...read.map(span => JSON.stringify({ read: span })),
    ...missing.map(({ hour, reason, origin, count }) => JSON.stringify({ gap: { hour, reason, origin, count } })),
  ];
}

/** At the end, when everything was sent: an import that was cut off has not read what it meant to. */
export async function sendNotes(client: Client, path: string, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += requestLimits.count) {
    const body = lines.slice(from, from + requestLimits.count).join('\n');
    await client.request({ method: 'POST', path, body, type: 'application/x-ndjson' });
  }
}
