import { decode } from '../events/decode.js';
import { stringifyExact } from '../events/digits.js';
import type { Event } from '../events/event.js';
import { keyedHash } from '../events/identity.js';
import type { Message } from '../events/message.js';
import { isOwnEvent, ownText, type Recognise, withoutPerson } from './erased-fields.js';
import { pseudonymsOf } from './personal-data.js';

/** What a message of an erased person says from then on: it is counted where the event would have been. */
export const erasedBody = '{"category":"erased","erased":true}';

/** What is left of a reason that says nothing else. */
const wholly = 'erased';

/** Words that were looked up and are remembered, at most: ids come again and again. */
const maxWords = 20_000;
/** Bodies in which nobody was found, at most: each event comes once on arrival, and once for each sink. */
const maxBodies = 2_000;
/** Longer ones are looked through each time, characters. */
const maxBodyLength = 4_096;

/** What an event is without erased people: theirs, or what is left of it (itself, when it holds nothing of them). */
export type Judged = 'theirs' | Event;

/**
 * The people who were erased, as keyed hashes: of what names them, and of the pseudonyms that sinks have of it. Nobody
 * learns from them who it was; whoever comes again is recognised.
 */
export class Suppression {
  readonly #secret: string;
  readonly #hashes = new Set<string>();
  readonly #words = new Recent(maxWords);
  readonly #bodies = new Recent(maxBodies);
  #generation = 0;

  constructor(secret: string, hashes: Iterable<string> = []) {
    this.#secret = secret;
    this.add(hashes);
  }

  get isEmpty(): boolean {
    return this.#hashes.size === 0;
  }

  /** Another one whenever somebody is erased: what was judged before has to be judged again. */
  get generation(): number {
    return this.#generation;
  }

  add(hashes: Iterable<string>): void {
    for (const hash of hashes) this.#hashes.add(hash);
    this.#words.clear();
    this.#bodies.clear();
    this.#generation += 1;
  }

  /** Whether the event is theirs, or what it says without them. */
  judge(event: Event): Judged {
    if (this.isEmpty) return event;
    const { text, body, context } = event;
    // What is known beside an event is not in its body.
    const isBodyAll = context === undefined && body !== undefined && body.length <= maxBodyLength;
    if (isBodyAll && this.#bodies.get(body) !== undefined) return event;
    // Nobody can tell what of such a text is whose.
    if (text !== undefined) return ownText(text, this.#recognise) ? 'theirs' : event;
    const whole = event.exact ?? event.fields;
    if (isOwnEvent(whole, this.#recognise)) return 'theirs';
    const exact = withoutPerson(whole, this.#recognise);
    if (exact === whole) {
      if (isBodyAll) this.#bodies.set(body, true);
      return event;
    }
    const { body: _received, exact: _exact, ...rest } = event;
    const fields = event.exact === undefined ? exact : withoutPerson(event.fields, this.#recognise);
    return { ...rest, fields, ...(event.exact === undefined ? {} : { exact }) };
  }

  /** Whether this id, name or address is one of an erased person. */
  recognises(text: string): boolean {
    return !this.isEmpty && this.#recognise(text);
  }

  /** Messages on their way in: those of erased people keep their id and place alone. */
  clean(messages: readonly Message[]): readonly Message[] {
    if (this.isEmpty) return messages;
    let changed = false;
    const clean = messages.map(message => {
      const event = eventOf(message);
      const judged = this.judge(event);
      if (judged === event) return message;
      changed = true;
      return withBody(message, judged);
    });
    return changed ? clean : messages;
  }

  readonly #recognise: Recognise = text => {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const found = this.#hashes.has(hashOfPerson(this.#secret, text));
    this.#words.set(text, found);
    return found;
  };
}

/** What was found lately, in two halves of which the older one is forgotten. */
class Recent {
  readonly #max: number;
  #young = new Map<string, boolean>();
  #old = new Map<string, boolean>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): boolean | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: boolean): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#max / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}

/** What may be kept of the body of a message; undefined = as it is. */
export function cleanBody(
  suppression: Pick<Suppression, 'judge' | 'isEmpty'> | undefined,
  message: Message,
): string | undefined {
  if (suppression === undefined || suppression.isEmpty) return undefined;
  const event = eventOf(message);
  const judged = suppression.judge(event);
  if (judged === event) return undefined;
  return judged === 'theirs' ? erasedBody : textOf(judged);
}

/** What may be kept of a message that is set aside, and of the reason why; what is absent stays as it is. */
export function cleanDead(
  suppression: Pick<Suppression, 'judge' | 'isEmpty'> | undefined,
  message: Message,
  reason: string,
): { readonly body?: string; readonly reason?: string } {
  if (suppression === undefined || suppression.isEmpty) return {};
  const event = eventOf(message);
  const judged = suppression.judge(event);
  if (judged === 'theirs') return { body: erasedBody, reason: wholly };
  return { ...(judged === event ? {} : { body: textOf(judged) }), reason: cleanReason(suppression, event, reason) };
}

/** A reason may quote the event: what names a person there is known again, as in any text of it. */
export function cleanReason(people: Pick<Suppression, 'judge'>, event: Event, reason: string): string {
  const { body: _body, text: _text, exact: _exact, ...rest } = event;
  const judged = people.judge({ ...rest, fields: { ...event.fields, reason } });
  const left = judged === 'theirs' ? undefined : judged.fields.reason;
  return typeof left === 'string' ? left : wholly;
}

function eventOf(message: Message): Event {
  const decoded = decode(message, message.received);
  if (decoded.kind === 'undated') throw new Error('a stamped event is still undated');
  return decoded.event;
}

function withBody({ fields: _fields, plain: _plain, ...message }: Message, judged: Judged): Message {
  return { ...message, body: judged === 'theirs' ? erasedBody : textOf(judged) };
}

/** The event as JSON text. */
export function textOf(event: Event): string {
  return event.body ?? event.text ?? stringifyExact(event.exact ?? event.fields);
}

/** What names a person, in each form in which a sink may have it. */
export function formsOf(secret: string, ids: readonly string[]): string[] {
  const spelt = ids.map(id => id.trim()).flatMap(id => [id, id.normalize('NFC'), id.normalize('NFD')]);
  return [...new Set(spelt.flatMap(id => [id, ...pseudonymsOf(secret, id)]))];
}

/** What is kept of it. A mail address is the same in upper and lower case, an é the same as one character or two. */
export function hashOfPerson(secret: string, text: string): string {
  const form = text.trim().normalize('NFC');
  return keyedHash(secret, 'erased', form.includes('@') ? form.toLowerCase() : form);
}
