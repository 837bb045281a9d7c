import { describe } from '../errors.js';

/**
 * Whether storage can take something new, as the main thread knows it: asked every second, and known at once when a
 * write was refused. After a refusal only a row that was really written counts as proof.
 */
export class Acceptance {
  #refusal: { readonly reason: string; readonly since: number } | undefined;
  #asking: Promise<void> | undefined;
  readonly #ask: (prove: boolean) => Promise<void>;
  readonly #now: () => number;

  constructor(ask: (prove: boolean) => Promise<void>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Why nothing new can be kept now, and since when (epoch ms); undefined when it can. */
  get refusal(): { readonly reason: string; readonly since: number } | undefined {
    return this.#refusal;
  }

  refused(error: unknown): void {
    this.#refusal = { reason: describe(error), since: this.#refusal?.since ?? this.#now() };
  }

  /** A write that takes room has succeeded. */
  accepted(): void {
    this.#refusal = undefined;
  }

  /** Never rejects. */
  check(): Promise<void> {
    this.#asking ??= this.#ask(this.#refusal !== undefined)
      .then(
        () => this.accepted(),
        (error: unknown) => this.refused(error),
      )
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }
}
