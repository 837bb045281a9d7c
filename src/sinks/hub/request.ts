import { isPast, readMonth } from '../../calendar.js';
import type { Event } from '../../events/event.js';

/** What an event asks a hub for. */
export interface SubmissionRequest {
  readonly month: number;
  /** As the event names it: `2026-03`. */
  readonly named: string;
  /** Id of the report that is there already, as far as the event knows. */
  readonly known: string | undefined;
}

/** Anybody who may send events could name a month, and so could a visitor of a page: they are refused. */
export function requestOf({ source, fields }: Event, now: number): SubmissionRequest | { readonly refused: string } {
  const { month: named, report_id: given } = fields;
  const month = typeof named === 'string' ? readMonth(named) : undefined;
  if (source !== 'usage') return { refused: 'only the daemon itself asks for a report to be submitted' };
  if (month === undefined) return { refused: 'the month is missing, such as 2026-03' };
  if (!isPast(month, now)) return { refused: `${named} is not over` };
  return { month, named: String(named), known: typeof given === 'string' && given !== '' ? given : undefined };
}
