/** A file of the repository; the path is relative to its top, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a failing test says, and what the table in CONTRIBUTING.md lists. */
export interface Rule {
  readonly name: string;
  /** One sentence. */
  readonly why: string;
  /** Each place where the rule is broken, in a sentence. */
  broken(sources: readonly Source[]): string[];
}
