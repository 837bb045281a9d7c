import { type Acceptance, type Accepted, acceptEvent, type ItemProblem } from './accept.js';
import { withMember } from './json-text.js';

/** Category, and type where it is known too, of events whose kind is said apart from them. */
export interface Kind {
  readonly category: string;
  readonly type?: string;
}

/**
 * As `acceptEvent`, for an item of a kind: what it lacks of `category` and `type` is added at its end, and what it has
 * must agree.
 */
export function acceptOfKind({ category, type }: Kind, input: unknown, acceptance: Acceptance): Accepted {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return acceptEvent(input, acceptance);
  const item: Record<string, unknown> = { ...input };
  let { text = JSON.stringify(input) } = acceptance;
  const problems: ItemProblem[] = [];
  for (const [name, value] of [
    ['category', category],
    ['type', type],
  ] as const) {
    if (value === undefined) continue;
    if (!Object.hasOwn(item, name)) text = withMember(text, name, JSON.stringify(value));
    else if (item[name] !== value) {
      problems.push({ field: name, message: `${name} must be ${JSON.stringify(value)}, as in the path, or left out` });
    }
    item[name] = value;
  }
  const accepted = acceptEvent(item, { ...acceptance, text });
  if (problems.length === 0) return accepted;
  return { problems: 'problems' in accepted ? [...problems, ...accepted.problems] : problems };
}
