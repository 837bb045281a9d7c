import { hash } from 'node:crypto';
import { dayOf } from '../calendar.js';
import type { Event, Fields } from '../events/event.js';

/** Turns a text into a number from which nobody learns the text without the secret: 52 bits, as a double holds them. */
export type KeyOf = (text: string) => number;

export function keyedBy(secret: string): KeyOf {
  return text => {
    // A character a byte: as hexadecimal digits, of which 13 would be read, it takes half as long again.
    const digest = hash('sha256', `${secret}\n${text}`, 'binary');
    let key = 0;
    for (let at = 0; at < 6; at += 1) key = key * 256 + digest.charCodeAt(at);
    return key * 16 + (digest.charCodeAt(6) >> 4);
  };
}

/** Texts whose keys are remembered, and the characters of the longest of them. */
const maxRemembered = 4_096;
const maxRememberedLength = 256;

/** The same keys, for texts of which few come very often: a hash costs more than looking one up. */
export function remembering(keyOf: KeyOf): KeyOf {
  const known = new Map<string, number>();
  return text => {
    if (text.length > maxRememberedLength) return keyOf(text);
    let key = known.get(text);
    if (key === undefined) {
      key = keyOf(text);
      if (known.size >= maxRemembered) known.clear();
      known.set(text, key);
    }
    return key;
  };
}

/** Who asked, as far as that is known, and within which session. */
export interface User {
  readonly user: number;
  /** Known by address and agent alone: then the session ends with the hour, and so does everything else of the user. */
  readonly byAddress: boolean;
  /** Known by the name that logged in, which all sources may know. */
  readonly isLogin: boolean;
  readonly session: number;
}

/** Clowder's id of everybody who has not logged in. */
const anonymous = /^0{24}$/;
const hourMs = 3_600_000;

/**
 * In the order of trust: who logged in, a cookie of the user, a cookie of the session, address and agent. Those of whom
 * nothing is known are one user: some sources publish one download twice, and a figure must not look better than it is.
 */
export function userOf({ created, fields }: Pick<Event, 'created' | 'fields'>, keyOf: KeyOf): User {
  const session = text(fields.session_id);
  const [name, byAddress, isLogin] = nameOf(fields, session);
  const slice =
    session === undefined ? `${name}\n${Math.floor(created / hourMs)}` : `session ${session}\n${dayOf(created)}`;
  return { user: keyOf(name), byAddress, isLogin, session: keyOf(slice) };
}

function nameOf(
  fields: Fields,
  session: string | undefined,
): readonly [name: string, byAddress: boolean, isLogin: boolean] {
  const login = text(fields.user_id);
  if (login !== undefined && !anonymous.test(login)) return [`login ${login}`, false, true];
  const cookie = text(fields.device_id);
  if (cookie !== undefined) return [`cookie ${cookie}`, false, false];
  if (session !== undefined) return [`session ${session}`, false, false];
  const visitor = text(fields.visitor);
  if (visitor !== undefined) return [`visitor ${visitor}`, true, false];
  return [`address ${text(fields.ip) ?? ''}\n${text(fields.user_agent) ?? ''}`, true, false];
}

/** Amplitude's session -1 is none. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return value < 0 ? undefined : String(value);
  return typeof value === 'string' && value !== '' && value !== '-' && value !== '-1' ? value : undefined;
}
