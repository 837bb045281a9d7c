import type { UsageSource } from './access.js';

/**
 * What a reader must know of figures that nothing is missing from, a sentence each.
 *
 * @param sources what they were counted from
 */
export function notesOf(sources: readonly string[]): string[] {
  const notes: string[] = [];
  if (sources.length > 1) notes.push(changed(sources));
  if (sources.includes('clowder' satisfies UsageSource)) notes.push(unnamedPrograms);
  return notes;
}

const unnamedPrograms =
  'Clowder’s own events do not say which program asked: robots and scripts cannot be distinguished from people, and are counted as people';

function changed(sources: readonly string[]): string {
  return `another source was set meanwhile (${sources.join(', ')}): what lies around the change may be counted twice, or not at all`;
}

/** Two months that are compared were counted from different sources. */
export function comparisonNote(month: string, sources: readonly string[]): string {
  return `${month} was counted from another source (${sources.join(', ')}): the two months are not alike`;
}
