import { isIP } from 'node:net';

/*
 * Mail addresses, network addresses and known texts within a longer text. Everything is found by steps whose number
 * depends on the length of the text alone.
 */

type Replace = (found: string) => string;

/** Characters on either side of an @ that are looked at. */
const maxLocal = 64;
const maxDomain = 255;

const localPart = /[\p{L}\p{N}._%+'-]/u;
const domainPart = /[\p{L}\p{N}.-]/u;
const lastLabel = /^(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})$/iu;

/** Mail addresses, in a URL too, where the @ is `%40`. */
export function replaceMails(text: string, replace: Replace): string {
  if (!text.includes('@') && !text.includes('%40')) return text;
  let clean = '';
  let copied = 0;
  for (const { index, 0: at } of text.matchAll(/@|%40/g)) {
    let start = index;
    while (start > copied && index - start < maxLocal && localPart.test(text[start - 1] ?? '')) start -= 1;
    const from = index + at.length;
    let end = from;
    while (end - from < maxDomain && domainPart.test(text[end] ?? '')) end += 1;
    while (end > from && /[.-]/.test(text[end - 1] ?? '')) end -= 1;
    const labels = text.slice(from, end).split('.');
    if (start === index || labels.length < 2 || labels.includes('') || !lastLabel.test(labels.at(-1) ?? '')) continue;
    clean += text.slice(copied, start) + replace(text.slice(start, end));
    copied = end;
  }
  return clean + text.slice(copied);
}

/** Not a part of a longer word, nor the version behind a program (`Chrome/120.0.0.0`). */
const version4 = /(?<![\w.])(?<!\w\/)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\w|\.\d)/g;
const version6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?(?![\w:])/gi;

/** Network addresses. */
export function replaceAddresses(text: string, replace: Replace): string {
  const checked: Replace = found => (found.length > 3 && isIP(found) !== 0 ? replace(found) : found);
  const clean = /:[0-9a-f]{0,4}:/i.test(text) ? text.replace(version6, checked) : text;
  return /\d\.\d/.test(clean) ? clean.replace(version4, checked) : clean;
}

/** Texts that are looked for, in the forms that they can have in a URL too. */
export class KnownTexts {
  readonly #forms: readonly (readonly [form: string, by: string])[];

  /** @param texts each with what takes its place */
  constructor(texts: readonly (readonly [text: string, by: string])[]) {
    this.#forms = texts.flatMap(([text, by]) => {
      if (/^\w+$/.test(text)) return [[text.toLowerCase(), by] as const];
      const encoded = encodeURIComponent(text.toWellFormed());
      const forms = new Set([text, encoded, text.replaceAll(' ', '+')].map(lowerCase));
      return [...forms].map(form => [form, by] as const);
    });
  }

  /** Wherever they stand as words of their own, in upper or lower case. */
  replaceIn(text: string): string {
    if (this.#forms.length === 0) return text;
    let clean = text;
    let lower = lowerCase(text);
    for (const [form, by] of this.#forms) {
      if (!lower.includes(form)) continue;
      clean = replaceWords(clean, lower, form, by);
      lower = lowerCase(clean);
    }
    return clean;
  }
}

const wordPart = /[\p{L}\p{N}]/u;

/** @param lower the text in lower case */
function replaceWords(text: string, lower: string, word: string, by: string): string {
  let clean = '';
  let copied = 0;
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (at < copied || wordPart.test(text[at - 1] ?? '') || wordPart.test(text[end] ?? '')) continue;
    clean += text.slice(copied, at) + by;
    copied = end;
  }
  return copied === 0 ? text : clean + text.slice(copied);
}

/** Lower case of the same length: İ alone would become two characters. */
function lowerCase(text: string): string {
  return (text.includes('İ') ? text.replaceAll('İ', 'i') : text).toLowerCase();
}
