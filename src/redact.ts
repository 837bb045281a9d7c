/** What stands where a secret was, whoever took it out. */
export const mask = '[hidden]';

/** Shorter secrets are left alone: they would shred every sentence. */
const minSecretLength = 4;

const schemeCharacter = /[a-z0-9+.-]/i;
const userEnd = /[\s/?#"<>:]/g;
const passwordEnd = /[\s"<>]/g;
const authorityEnd = /[\s/?#]/g;
const parameters =
  /([?&;](?:api_?secret|api_?key|key|(?:access_)?token|password|pass|secret|signature|sig)=)[^&\s"'#;]+/gi;
/** The password of InfluxDB 1.x; elsewhere a `p` is often a page. */
const shortParameter = /([?&]p=)[^&\s"'#;]+/g;
const authorization = /\b(authorization["']?\s*[:=]\s*["']?)(?:(?:basic|token|bearer)\s+)?[^\s"',]+/gi;

/**
 * The one redaction of the program. Takes out of a text
 * - the given secrets: as they are, percent-encoded, percent-decoded and in base64;
 * - user and password of any address (`amqp://user:password@host`);
 * - the values of parameters and headers that are known to hold secrets (`?api_secret=…`, `authorization: …`).
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  return hideParameters(hideUserinfo(hideSecrets(text, secrets)))
    .replace(shortParameter, `$1${mask}`)
    .replace(authorization, `$1${mask}`);
}

/**
 * Takes the given secrets out of a text, and nothing else: for sentences of ours that show how an address is written.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  // The longest first, so that nothing is left over of one that holds another.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return forms.reduce((clean, form) => clean.replaceAll(form, mask), text);
}

/** Takes the keys and tokens that addresses carry in their parameters out of a text, and nothing else. */
export function hideParameters(text: string): string {
  return text.includes('=') ? text.replace(parameters, `$1${mask}`) : text;
}

/**
 * What stands between the scheme of an address and its @: behind a colon up to the last @, whatever stands between (a
 * password may hold a slash that nobody encoded), else up to the last @ before the path. Every character is looked at a
 * few times at most, however many addresses there are.
 */
function hideUserinfo(text: string): string {
  let clean = '';
  let copied = 0;
  /** A run that a password could fill was looked through up to here, and holds no @ behind `lastAt`. */
  let passwordsTo = -1;
  let lastAt = -1;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const start = at + 3;
    if (!hasScheme(text, at, copied)) continue;
    const user = indexOf(userEnd, text, start);
    let end = -1;
    if (text[user] === ':') {
      if (user >= passwordsTo) {
        passwordsTo = indexOf(passwordEnd, text, user);
        lastAt = user + text.slice(user, passwordsTo).lastIndexOf('@');
      }
      if (lastAt > user) end = lastAt;
    }
    if (end < 0) {
      const authority = indexOf(authorityEnd, text, start);
      const found = text.slice(start, authority).lastIndexOf('@');
      if (found >= 0) end = start + found;
    }
    if (end < 0) continue;
    clean += `${text.slice(copied, start)}${mask}`;
    copied = end;
    at = end - 3;
  }
  return clean + text.slice(copied);
}

/** A letter, and behind it nothing but what a scheme may hold, right before `end`. */
function hasScheme(text: string, end: number, from: number): boolean {
  for (let at = end - 1; at >= from; at -= 1) {
    const character = text[at]!;
    if (!schemeCharacter.test(character)) return false;
    if (/[a-z]/i.test(character)) return true;
  }
  return false;
}

/** The end of the text where there is none. */
function indexOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function formsOf(secret: string): string[] {
  if (secret.length < minSecretLength) return [];
  const forms = [secret, encodeURIComponent(secret.toWellFormed()), Buffer.from(secret).toString('base64')];
  try {
    forms.push(decodeURIComponent(secret));
  } catch {
    // It was not percent-encoded.
  }
  return forms.filter(form => form.length >= minSecretLength);
}
