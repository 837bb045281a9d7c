/** Names of query parameters whose values are secrets. */
const secret =
  /^(?:.*[_-])?(?:key|apikey|token|password|passwd|pass|pwd|secret|signature|sig|auth|authorization|credential|credentials|jwt|session|sessionid|sid|ticket)$|^(?:jsessionid|phpsessid|code)$/i;

/** Where secrets stand: behind one of these. */
const mayHold = /[?#;@]/;

/** Names of parameters that are remembered: a site has some dozens, and visitors bring others. */
const maxNames = 1_000;
const maxNameLength = 64;
const secretNames = new Map<string, boolean>();

/**
 * A path or an address without the secrets in its query and its fragment, and without a user's
 * password. What is left is as it was.
 */
export function maskUrlSecrets(url: string): string {
  if (!mayHold.test(url)) return url;
  const plain = /[;@]/.test(url)
    ? url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/;jsessionid=[^/?#;]*/gi, '')
    : url;
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
  if (!parameter.includes(';')) return isSecretName(nameOf(parameter));
  return parameter.split(';').some(piece => isSecretName(nameOf(piece)));
}

function nameOf(piece: string): string {
  const end = piece.indexOf('=');
  return end < 0 ? piece : piece.slice(0, end);
}

function isSecretName(name: string): boolean {
  if (name.length > maxNameLength) return secret.test(decoded(name));
  let known = secretNames.get(name);
  if (known === undefined) {
    known = secret.test(decoded(name));
    if (secretNames.size >= maxNames) secretNames.clear();
    secretNames.set(name, known);
  }
  return known;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim();
  } catch {
    return text;
  }
}
