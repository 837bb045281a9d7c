import { z } from 'koa-swagger-decorator';
import type { ImportNotes, Span, UsageGap } from '../storage/usage-gaps.js';

/** A line of an import that is no event. */
export type ImportNote =
  | { readonly note: 'read'; readonly span: Span }
  | { readonly note: 'gap'; readonly gap: UsageGap };

const hourMs = 3_600_000;
/** Until the end of 2099, epoch ms. */
const time = z.number().int().min(0).max(4_102_444_799_999);
const Read = z.object({ from: time, to: time }).strict();
const Gap = z
  .object({
    hour: time.refine(at => at % hourMs === 0),
    reason: z.enum(['unread_lines', 'late_salt']),
    origin: z.string().max(100),
    count: z.number().int().min(1).max(1e9),
  })
  .strict();

/** Undefined when the line is meant to be an event; in words what is wrong with a note. */
export function importNoteOf(line: object): ImportNote | string | undefined {
  if ('read' in line) {
    const { success, data } = Read.safeParse(line.read);
    return success ? { note: 'read', span: data } : 'read must be {"from", "to"}, epoch milliseconds';
  }
  if (!('gap' in line)) return undefined;
  const { success, data } = Gap.safeParse(line.gap);
  return success
    ? { note: 'gap', gap: { ...data, ms: 0 } }
    : 'gap must be {"hour", "reason", "origin", "count"}, the hour as the epoch milliseconds of its beginning';
}

export function notesOf(notes: readonly ImportNote[]): ImportNotes {
  return {
    spans: notes.flatMap(one => (one.note === 'read' ? [one.span] : [])),
    gaps: notes.flatMap(one => (one.note === 'gap' ? [one.gap] : [])),
  };
}
