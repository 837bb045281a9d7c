/** What stands where a secret was, whoever took it out. */
const mask = '[hidden]';

/** Shorter secrets are left alone: they would shred every sentence. */
const minSecretLength = 4;

/** Behind a colon to the last @, whatever stands between: a password may hold a slash that nobody encoded. */
const userinfo = /([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/?#"<>:]*:[^\s"<>]*|[^\s/?#]*)@/gi;
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
  return hideParameters(hideSecrets(text, secrets).replace(userinfo, `$1${mask}@`))
    .replace(shortParameter, `$1${mask}`)
    .replace(authorization, `$1${mask}`);
}

/** Takes the given secrets out of a text, and nothing else: for sentences of ours that show how an address is written. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  // The longest first, so that nothing is left over of one that holds another.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return forms.reduce((clean, form) => clean.replaceAll(form, mask), text);
}

/** Takes the keys and tokens that addresses carry in their parameters out of a text, and nothing else. */
export function hideParameters(text: string): string {
  return text.includes('=') ? text.replace(parameters, `$1${mask}`) : text;
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
