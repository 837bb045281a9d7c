import { readFileSync } from 'node:fs';

/** The recorded events, a line each. */
export function fixtureLines(name: string): string[] {
  const text = readFileSync(`fixtures/events/${name}.ndjson`, 'utf8');
  return text.split('\n').filter(line => line !== '');
}

export const fixtureFiles = ['clowder', 'requested', 'made', 'legacy', 'awkward'] as const;
