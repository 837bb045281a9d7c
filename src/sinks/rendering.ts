/** What one event is at a destination, or why it is not there. */
export type Rendering =
  | {
      /**
       * What arrives, as JSON has it, by the destination's own words: `{document: …}`, `{line: …, fields: …}`. A number
       * that a double cannot hold is an `ExactNumber`.
       */
      readonly output: Readonly<Record<string, unknown>>;
      /** What the destination does not take as it came, and what is decided only when it is there. */
      readonly notes?: readonly Note[];
    }
  /** In the words of the dead letter that it becomes. */
  | { readonly refused: string }
  /** Older than the destination takes: left out, and counted as such. */
  | { readonly tooOld: string }
  /** The sink takes it, and nothing of it arrives. */
  | { readonly nothing: string };

export interface Note {
  /** For people: `cut to 100 characters`. */
  readonly what: string;
  /** The event's field that it is about; undefined = the event as a whole. */
  readonly field?: string;
}

/** Hears of everything that a destination does not take as it came. */
export type Noting = (what: string, field?: string) => void;

/** The notes of one event. */
export class Notes {
  readonly all: Note[] = [];

  readonly add: Noting = (what, field) => {
    const note = field === undefined ? { what } : { what, field };
    if (!this.all.some(one => one.what === what && one.field === field)) this.all.push(note);
  };
}

/** What JSON has no word for, as JSON writes it. */
export function asJson(value: object): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(value));
}
