/** Names of query parameters whose values are secrets. */
const secret =
  /^(?:.*[_-])?(?:key|apikey|token|password|passwd|pass|pwd|secret|signature|sig|auth|authorization|credential|credentials|jwt|session|sessionid|sid|ticket)$|^(?:jsessionid|phpsessid|code)$/i;

/** A path or an address without the secrets in its query, and without a user's password. What is left is as it was. */
export function maskUrlSecrets(url: string): string {
  const plain = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/;jsessionid=[^/?#;]*/gi, '');
  const at = plain.indexOf('?');
  if (at < 0) return plain;
  const hash = plain.indexOf('#', at);
  const query = plain.slice(at + 1, hash < 0 ? undefined : hash);
  const kept = query.split('&').filter(parameter => !isSecret(parameter));
  return `${plain.slice(0, at)}${kept.length > 0 ? `?${kept.join('&')}` : ''}${hash < 0 ? '' : plain.slice(hash)}`;
}

function isSecret(parameter: string): boolean {
  // Some servers also split at semicolons: a parameter with a secret in any of its pieces goes.
  return parameter.split(';').some(piece => secret.test(decoded(piece.split('=', 1)[0] ?? '')));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim();
  } catch {
    return text;
  }
}
