/** An input that did what no input may do. */
export class FuzzProblem extends Error {
  override name = 'FuzzProblem';
  /** For a person: shortened, and without control characters. */
  readonly input: string;

  /** The same input, with more said about it. */
  static about({ input }: FuzzProblem, what: string): FuzzProblem {
    const problem = new FuzzProblem(what, '');
    return Object.assign(problem, { input });
  }

  constructor(what: string, input: string | Uint8Array) {
    super(what);
    const shown = JSON.stringify(Buffer.from(input).toString('latin1'));
    this.input = shown.length > 3_000 ? `${shown.slice(0, 3_000)}… (${input.length})` : shown;
  }
}

/** @throws FuzzProblem unless the condition holds */
export function demand(holds: boolean, what: string, input: string | Uint8Array): void {
  if (!holds) throw new FuzzProblem(what, input);
}
