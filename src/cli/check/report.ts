import { trimEnd } from '../../trim-end.js';
import type { Finding } from './attempt.js';

const outcomeWidth = 'not tried'.length;

/** A line for each thing that was tried, then a sentence for each that is wrong. */
export function report(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ dependency }) => dependency.length));
  const lines = findings.map(({ outcome, dependency, tried, result }) => {
    const said = outcome === 'wrong' ? 'see below' : result;
    return `${outcome.padEnd(outcomeWidth)}  ${dependency.padEnd(width)}  ${tried}: ${said}`;
  });
  const wrong = findings.filter(({ outcome }) => outcome === 'wrong');
  if (wrong.length === 0) return [...lines, '', 'All is well.'].join('\n');
  return [...lines, '', 'What to do:', ...wrong.map(finding => `  ${sentence(finding)}`)].join('\n');
}

/** The setting, what is wrong, and what to do. */
export function sentence({ setting, result, fix }: Finding): string {
  const said = trimEnd(result.trimEnd(), '.').trimEnd();
  return `${setting}: ${said}${fix === '' ? '' : `: ${fix}`}.`;
}
