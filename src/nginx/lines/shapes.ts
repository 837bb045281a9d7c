import type { Shape } from './variables.js';

/** Where fields of a known shape end. */

const localTimeLength = '05/Mar/2024:10:00:00 +0000'.length;
const isoTimeLength = '2024-03-05T10:00:00+00:00'.length;
const [slash, space, dash, dot, zero, nine, colon, comma, letterH, letterT] = [...'/ -.09:,HT'].map(character =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number, number];

/** Longer ones are not what they seem to be. They bound the work for a line that somebody made up. */
const maxNumberBytes = 32;
const maxListBytes = 1024;

export function isAt(literal: Buffer, bytes: Buffer, at: number, end: number): boolean {
  if (at + literal.length > end) return false;
  for (let index = 0; index < literal.length; index += 1) if (bytes[at + index] !== literal[index]) return false;
  return true;
}

/**
 * Where the field that begins at `at` ends; -1 when what is there does not have this shape.
 * Lists end where their literal stands.
 */
export function fixedEnd(
  shape: Shape,
  literal: Buffer,
  bytes: Buffer,
  at: number,
  end: number,
  mayBeEmpty: boolean,
): number {
  let stop = -1;
  switch (shape) {
    case 'integer':
    case 'decimal':
      stop = numberEnd(shape === 'decimal', bytes, at, end);
      break;
    case 'local time':
      return localTimeEnd(bytes, at, end);
    case 'iso time':
      return isoTimeEnd(bytes, at, end);
    case 'protocol':
      stop = protocolEnd(bytes, at, end);
      break;
    default:
      return listEnd(shape === 'numbers' ? isNumeric : isAddress, literal, bytes, at, end, mayBeEmpty);
  }
  return stop === at && !mayBeEmpty ? -1 : stop;
}

/** `-` alone stands for a number that is not there. */
function numberEnd(decimal: boolean, bytes: Buffer, at: number, end: number): number {
  if (bytes[at] === dash) return at + 1;
  const bound = Math.min(end, at + maxNumberBytes);
  let stop = at;
  for (; stop < bound; stop += 1) {
    const byte = bytes[stop]!;
    if (!((byte >= zero && byte <= nine) || (decimal && byte === dot))) break;
  }
  return stop;
}

function localTimeEnd(bytes: Buffer, at: number, end: number): number {
  const fits =
    at + localTimeLength <= end &&
    bytes[at + 2] === slash &&
    bytes[at + 6] === slash &&
    bytes[at + 11] === colon &&
    bytes[at + 20] === space;
  return fits ? at + localTimeLength : -1;
}

function isoTimeEnd(bytes: Buffer, at: number, end: number): number {
  const fits = at + isoTimeLength <= end && bytes[at + 4] === dash && bytes[at + 10] === letterT;
  return fits ? at + isoTimeLength : -1;
}

/** `HTTP/1.1`, or a dash. */
function protocolEnd(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] === dash) return at + 1;
  if (bytes[at] !== letterH) return at;
  const bound = Math.min(end, at + maxNumberBytes);
  let stop = at;
  while (stop < bound && isAddress(bytes[stop]!)) stop += 1;
  return stop;
}

function isNumeric(byte: number): boolean {
  return (byte >= zero && byte <= nine) || byte === dot || byte === dash;
}

/** Bytes of names, addresses with ports, and paths of sockets. */
function isAddress(byte: number): boolean {
  return (
    (byte >= dash && byte <= colon) || // - . / 0-9 :
    (byte >= 65 && byte <= 90) ||
    (byte >= 97 && byte <= 122) ||
    byte === 91 || // [ ] _ % @
    byte === 93 ||
    byte === 95 ||
    byte === 37 ||
    byte === 64
  );
}

/** The longest list that the literal follows: items joined by `, ` or ` : `. */
function listEnd(
  isItem: (byte: number) => boolean,
  literal: Buffer,
  bytes: Buffer,
  at: number,
  end: number,
  mayBeEmpty: boolean,
): number {
  const bound = Math.min(end, at + maxListBytes);
  let best = mayBeEmpty && isAt(literal, bytes, at, end) ? at : -1;
  let stop = at;
  for (;;) {
    const item = stop;
    while (stop < bound && isItem(bytes[stop]!)) {
      stop += 1;
      // A literal such as `|` or `:` may be among the bytes of an item.
      if (literal.length > 0 && bytes[stop] === literal[0] && isAt(literal, bytes, stop, end)) best = stop;
    }
    if (stop === item) return best;
    if (isAt(literal, bytes, stop, end)) best = stop;
    if (bytes[stop] === comma && bytes[stop + 1] === space) stop += 2;
    else if (bytes[stop] === space && bytes[stop + 1] === colon && bytes[stop + 2] === space) stop += 3;
    else return best;
  }
}
