import { ExactNumber, stringifyExact } from '../events/digits.js';
import type { Fields } from '../events/event.js';
import type { PersonalKind } from '../events/fields.js';
import { type FieldPlace, isOfUser, ownerOf, placeOf, untouched } from './personal-fields.js';
import { KnownTexts } from './personal-text.js';

/** Whether this word, name or address is one of an erased person. */
export type Recognise = (text: string) => boolean;

/** What is left out. */
const gone = Symbol('left out');

/** What stands in a text where a person was. */
const erased = '[erased]';
/** A text of JSON up to this many characters is looked into. */
const maxInnerJson = 65_536;
/** Words of one event that are looked at, over all its texts. */
const maxWords = 10_000;
/** Words and names of erased people that are looked for in the other texts of an event, the longest of them. */
const maxKnown = 16;
/** Shorter ones would be found in words that mean something else. */
const minKnownLength = 3;

/** Words that may be an id or a mail address; in a URL, the @ is `%40`. */
const word = /[\p{L}\p{M}\p{N}._%+@-]{4,256}/gu;

/** The name of a field that names nobody. */
const plainName = /^[a-z_]+$/i;

const edges = new Set('.%+-');

/** Shorter ones are words that mean something else, unless they are mail addresses. */
const minDistinctLength = 8;
/** A number of fewer digits may count something. */
const minDistinctDigits = 12;

/**
 * Whether it can hardly mean anything but the person, wherever it stands: `57e1b2c3d4e5f60718293a4b`, `Ada Example`.
 * Others (`admin`, `Linux`, `4711`) are recognised in fields of people alone.
 */
export function isDistinct(text: string): boolean {
  if (/^\d+$/.test(text)) return text.length >= minDistinctDigits;
  return text.includes('@') || (text.length >= minDistinctLength && /[\d\s._+-]/.test(text));
}

/** Whether an erased person did it: it goes whole. */
export function isOwnEvent(fields: Fields, recognise: Recognise): boolean {
  return Object.entries(fields).some(([name, value]) => {
    const place = placeOf(name);
    return isOfUser(name) && isOfPerson(place) && names(value, place, recognise);
  });
}

/** Whether a text that is not a JSON object says something of an erased person. */
export function ownText(text: string, recognise: Recognise): boolean {
  return [text, ...wordsIn(text)].some(one => isDistinct(one) && recognise(one));
}

/**
 * An event of somebody else, without what it says of an erased person: what names them, what stands beside it of the
 * same person (`author_name` beside `author_id`), and the same words in its texts. The same object when there is
 * nothing.
 */
export function withoutPerson(fields: Fields, recognise: Recognise): Fields {
  const known = new Set<string>();
  const clean = new Leaving(recognise, known).object(fields, undefined) as Fields;
  if (known.size === 0) return clean;
  const longest = [...known].sort((a, b) => b.length - a.length).slice(0, maxKnown);
  const texts = new KnownTexts(longest.map(text => [text, erased]));
  // What the event is stays.
  return { ...(replaced(clean, texts) as Fields), ...untouchedOf(clean) };
}

function untouchedOf(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => untouched.has(name)));
}

class Leaving {
  readonly #recognise: Recognise;
  /** What was left out, to be looked for in the texts. */
  readonly #known: Set<string>;
  #wordsLeft = maxWords;

  constructor(recognise: Recognise, known: Set<string>) {
    this.#recognise = recognise;
    this.#known = known;
  }

  /** The same object when nothing of it is left out. */
  object(fields: Fields, outer: FieldPlace | undefined): unknown {
    const places = Object.entries(fields).map(([name, value]) => ({ name, value, place: placeOf(name, outer) }));
    const theirs = new Set<string>();
    for (const { name, value, place } of places) {
      if (saysWho(value, place) && names(value, place, this.#recognise)) theirs.add(ownerOf(name));
    }
    if (theirs.size > 0 && outer?.ofPerson === true) {
      this.#note(fields, outer);
      return gone;
    }
    let changed = false;
    const clean: Record<string, unknown> = {};
    for (const { name, value, place } of places) {
      const isUntouched = outer === undefined && untouched.has(name);
      const isTheirs = !isUntouched && saysWho(value, place) && theirs.has(ownerOf(name));
      if (isTheirs) this.#note(value, place);
      const isGone = isTheirs || (!plainName.test(name) && ownText(name, this.#recognise));
      const left = isUntouched ? value : isGone ? gone : this.#value(value, place);
      changed ||= left !== value;
      if (left !== gone) Object.defineProperty(clean, name, { value: left, enumerable: true, configurable: true });
    }
    return changed ? clean : fields;
  }

  #value(value: unknown, place: FieldPlace): unknown {
    if (typeof value === 'string') return this.#text(value, place);
    if (typeof value === 'number' || value instanceof ExactNumber) {
      return isOfPerson(place) && this.#recognise(String(value)) ? gone : value;
    }
    if (!Array.isArray(value) && !isPlain(value)) return value;
    if (!Array.isArray(value)) return this.object(value as Fields, place);
    const clean = value.map(one => this.#value(one, place));
    return clean.some((one, index) => one !== value[index]) ? clean.filter(one => one !== gone) : value;
  }

  #text(value: string, place: FieldPlace): unknown {
    if ((isOfPerson(place) || isDistinct(value)) && this.#recognise(value)) {
      this.#note(value, place);
      return gone;
    }
    if (/^\s*[[{]/.test(value) && value.length <= maxInnerJson) {
      try {
        const inner: unknown = JSON.parse(value);
        const clean = this.#value(inner, place);
        return clean === inner ? value : clean === gone ? gone : stringifyExact(clean);
      } catch {
        // It only looked like JSON.
      }
    }
    const words = wordsIn(value, this.#wordsLeft);
    this.#wordsLeft -= words.length;
    for (const one of words) if (isDistinct(one) && this.#recognise(one)) this.#note(one, place);
    return value;
  }

  #note(value: unknown, place: FieldPlace): void {
    for (const text of textsIn(value, place)) if (text.trim().length >= minKnownLength) this.#known.add(text.trim());
  }
}

/** One person: a list of them stays, without those who were erased. */
function saysWho(value: unknown, { kind, person }: FieldPlace): boolean {
  return typeof value === 'object' ? false : isPersonal(kind) || (person && typeof value === 'string');
}

function isPersonal(kind: PersonalKind | undefined): boolean {
  return kind === 'id' || kind === 'name' || kind === 'mail';
}

/** Whether its value says who somebody is, by a word of its own or by its members. */
function isOfPerson({ kind, person, ofPerson }: FieldPlace): boolean {
  return isPersonal(kind) || person || ofPerson;
}

/** Whether one of the texts that say who it is, is an erased person, as a whole or by a mail address in it. */
function names(value: unknown, place: FieldPlace, recognise: Recognise): boolean {
  return textsIn(value, place).some(
    text => recognise(text.trim()) || wordsIn(text).some(one => one.includes('@') && recognise(one)),
  );
}

function textsIn(value: unknown, place: FieldPlace): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || value instanceof ExactNumber) return [String(value)];
  if (Array.isArray(value)) return value.flatMap(one => textsIn(one, place));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const within = placeOf(name, place);
    return isPersonal(within.kind) || within.person || within.ofPerson ? textsIn(inner, within) : [];
  });
}

/** Without what stands before and behind a word in a sentence. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && edges.has(text[from]!)) from += 1;
  while (to > from && edges.has(text[to - 1]!)) to -= 1;
  return text.slice(from, to);
}

function wordsIn(text: string, max = maxWords): string[] {
  const found: string[] = [];
  if (max <= 0) return found;
  for (const [match] of text.matchAll(word)) {
    const one = trimmed(match.replaceAll('%40', '@'));
    found.push(one);
    if (found.length >= max) break;
  }
  return found;
}

/** Destinations hand out values of other classes, too: dates, and numbers of their own. */
function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function replaced(value: unknown, texts: KnownTexts): unknown {
  if (typeof value === 'string') return texts.replaceIn(value);
  if (Array.isArray(value)) return value.map(one => replaced(one, texts));
  if (!isPlain(value)) return value;
  const clean: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value))
    Object.defineProperty(clean, name, {
      value: replaced(inner, texts),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return clean;
}
