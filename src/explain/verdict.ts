import type { Mapping } from '../config/yaml.js';
import type { Expected } from './expectations.js';
import { type Explanation, type Outcome, outcomes, type SinkExplanation } from './explanation.js';
import { type Difference, differences, expressionIn, printable } from './match.js';

/** Names that an expectation may have: those of the sinks, and the event itself. */
export function unknownNames(expected: readonly Expected[], sinks: readonly string[]): readonly string[] {
  return expected.flatMap(one =>
    'parts' in one ? Object.keys(one.parts).filter(name => name !== 'event' && !sinks.includes(name)) : [],
  );
}

/** Where the events of a test are not as expected; empty = it passed. */
export function compare(expected: readonly Expected[], found: readonly Explanation[]): readonly Difference[] {
  if (expected.length !== found.length)
    return [
      { path: 'events', expected: String(expected.length), found: `${found.length}: ${found.map(nameOf).join(', ')}` },
    ];
  return expected.flatMap((one, index) => {
    const path = expected.length === 1 ? '' : `[${index}] `;
    return compareOne(one, found[index]!).map(difference => ({ ...difference, path: `${path}${difference.path}` }));
  });
}

function compareOne(expected: Expected, { event, refused, sinks }: Explanation): readonly Difference[] {
  const reasons = refused.map(({ message }) => message).join('; ');
  if ('refused' in expected) {
    if (event !== null) return [{ path: 'event', expected: 'refused', found: 'accepted' }];
    return expected.refused === true ? [] : textDifference('refused', expected.refused, reasons);
  }
  if (event === null) return [{ path: 'event', expected: 'accepted', found: `refused: ${reasons}` }];
  return Object.entries(expected.parts).flatMap(([name, part]) =>
    name === 'event' ? differences(part, event, name) : compareSink(name, part, sinks[name]!),
  );
}

/** An outcome, an outcome with its reason, or parts of what arrives. */
function compareSink(name: string, part: unknown, found: SinkExplanation): readonly Difference[] {
  if (typeof part === 'string') return outcomeDifference(name, part, found);
  const [only, ...more] = Object.entries((part ?? {}) as Mapping);
  if (only !== undefined && more.length === 0 && isOutcome(only[0]) && typeof only[1] === 'string') {
    const wrong = outcomeDifference(name, only[0], found);
    return wrong.length > 0 ? wrong : textDifference(`${name}.${only[0]}`, only[1], found.reason ?? '');
  }
  const wrong = outcomeDifference(name, 'delivered', found);
  if (wrong.length > 0) return wrong;
  const { notes, ...output } = (part ?? {}) as Mapping;
  return [
    ...differences(output, found.output, name),
    ...(notes === undefined ? [] : noteDifferences(name, notes, found)),
  ];
}

function outcomeDifference(
  name: string,
  expected: string,
  { outcome, reason }: SinkExplanation,
): readonly Difference[] {
  if (expected === outcome) return [];
  return [{ path: name, expected, found: reason === undefined ? outcome : `${outcome}: ${reason}` }];
}

/** Each of them stands somewhere among the notes. */
function noteDifferences(name: string, expected: unknown, { notes }: SinkExplanation): readonly Difference[] {
  const wanted = Array.isArray(expected) ? expected : [expected];
  return wanted
    .filter(one => !notes.some(note => differences(one, note, '').length === 0))
    .map(one => ({ path: `${name}.notes`, expected: printable(one), found: printable(notes) }));
}

/** Words that stand in the text, or a regular expression. */
function textDifference(path: string, expected: string, found: string): readonly Difference[] {
  const pattern = expressionIn(expected);
  const matches = pattern === undefined ? found.includes(expected) : pattern.foundIn(found);
  return matches ? [] : [{ path, expected, found }];
}

function isOutcome(word: string): word is Outcome {
  return (outcomes as readonly string[]).includes(word);
}

function nameOf({ event, refused }: Explanation): string {
  if (event === null) return `refused (${refused[0]?.message})`;
  return event.type === null ? event.category : `${event.category}.${event.type}`;
}
