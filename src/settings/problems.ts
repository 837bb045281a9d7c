import { hideSecrets } from '../redact.js';
import type { Problems } from './setting.js';

export interface SettingProblem {
  /** The variable, or the key in the file, that a person should look at. */
  readonly name: string;
  readonly message: string;
}

/** Settings that cannot be used, with all that is wrong. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problemReport(problems));
    this.problems = problems;
  }
}

/** Keeps what is wrong, in order, and keeps secrets out of it. */
export class ProblemList implements Problems {
  readonly #problems: SettingProblem[] = [];
  readonly #secrets = new Set<string>();

  add(name: string, message: string): void {
    if (this.#problems.some(problem => problem.name === name && problem.message === message)) return;
    this.#problems.push({ name, message });
  }

  /** A value that no message may show. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  get secrets(): readonly string[] {
    return [...this.#secrets];
  }

  about(name: string): boolean {
    return this.#problems.some(problem => problem.name === name);
  }

  /** Something is wrong with a setting of this place: `sinks[1]` has `sinks[1].uri`. */
  within(place: string): boolean {
    return this.#problems.some(({ name }) => name === place || name.startsWith(`${place}.`));
  }

  all(): readonly SettingProblem[] {
    const secrets = [...this.#secrets];
    return this.#problems.map(({ name, message }) => ({ name, message: hideSecrets(message, secrets) }));
  }
}

/** One line for each, and a first line that says how many. */
export function problemReport(problems: readonly SettingProblem[]): string {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return [
    `${count} wrong:`,
    ...problems.map(({ name, message }) => `  ${name}: ${message.replace(/([^.?!])$/, '$1.')}`),
  ].join('\n');
}
