import { hideSecrets } from '../redact.js';
import type { Problems } from './setting.js';

export interface Problem {
  /** The variable, or the key in the file, that a person should look at. */
  readonly name: string;
  readonly message: string;
}

/** Keeps what is wrong, in order, and keeps secrets out of it. */
export class ProblemList implements Problems {
  readonly #problems: Problem[] = [];
  readonly #secrets = new Set<string>();

  add(name: string, message: string): void {
    if (this.#problems.some(problem => problem.name === name && problem.message === message)) return;
    this.#problems.push({ name, message });
  }

  /** A value that no message may show. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  about(name: string): boolean {
    return this.#problems.some(problem => problem.name === name);
  }

  all(): readonly Problem[] {
    const secrets = [...this.#secrets];
    return this.#problems.map(({ name, message }) => ({ name, message: hideSecrets(message, secrets) }));
  }
}

/** One line for each, and a first line that says how many. */
export function problemReport(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return [
    `${count} wrong:`,
    ...problems.map(({ name, message }) => `  ${name}: ${message.replace(/([^.?!])$/, '$1.')}`),
  ].join('\n');
}

/** The name most like this one, when one is like it at all. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let min = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name, candidate);
    if (distance < min) {
      min = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's: how many characters to insert, delete or replace. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
