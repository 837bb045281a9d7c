/** Names of query parameters whose values are secrets. */
const secret =
  /^(?:.*[_-])?(?:key|apikey|token|password|passwd|pass|pwd|secret|signature|sig|auth|authorization|credential|credentials|jwt|session|sessionid|sid|ticket)$|^(?:jsessionid|phpsessid|code)$/i;

/**
 * A path or an address without the secrets in its query and its fragment, and without a user's
 * password. What is left is as it was.
 */
export function maskUrlSecrets(url: string): string {
  const plain = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/;jsessionid=[^/?#;]*/gi, '');
  if (!plain.includes('#')) return maskQuery(plain);
  const [address = '', ...fragments] = plain.split('#');
  return [maskQuery(address), ...fragments.map(maskFragment)].join('#');
}

function maskQuery(text: string): string {
  const at = text.indexOf('?');
  if (at < 0) return text;
  const query = text.slice(at + 1);
  const kept = withoutSecrets(query);
  return `${text.slice(0, at)}${kept === '' && query !== '' ? '' : `?${kept}`}`;
}

/** Applications in the browser put parameters there, with a path before them or without. */
function maskFragment(fragment: string): string {
  if (fragment.includes('?')) return maskQuery(fragment);
  return fragment.includes('=') ? withoutSecrets(fragment) : fragment;
}

function withoutSecrets(query: string): string {
  const parameters = query.split('&');
  return parameters.filter(parameter => !isSecret(parameter)).join('&');
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
