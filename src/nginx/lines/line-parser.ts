/** Finds the fields of one line at a time, without making an object of it. */
export interface LineParser {
  /** What the bounds point into: the buffer that was parsed, or one of the parser's own. Valid until the next line. */
  readonly bytes: Buffer;
  /** Two numbers a slot, begin and end; a begin of -1 = the line has no such field. */
  readonly bounds: Int32Array;
  /** False: the line is not of this format. `end` is behind the line's last byte, without the newline. */
  parse(buffer: Buffer, start: number, end: number): boolean;
  /** A part of `bytes` as text, its escapes undone. */
  textOf(start: number, end: number): string;
  /** A field as text, its escapes undone; undefined when absent, `-` or empty. */
  text(slot: number): string | undefined;
}
