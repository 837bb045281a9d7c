/**
 * What is wrong with a connection string, in words that never repeat any part of it; undefined when nothing is.
 * The driver has the last word (its options are many), but it is loaded only when the sink opens.
 */
export function addressFlaw(uri: string): string | undefined {
  const parts = /^(mongodb(?:\+srv)?):\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(uri.trim());
  if (parts === null) {
    return 'must look like mongodb://user:password@host:port/?options (percent-encode @ : / ? # in user and password)';
  }
  const [, scheme, credentials = '', hosts = '', , query = ''] = parts;
  const list = hosts.split(',');
  if (list.some(host => host === '')) return 'names no host';
  if (scheme === 'mongodb+srv' && (list.length > 1 || /:\d+$/.test(hosts))) {
    return 'with mongodb+srv:// exactly one host without a port is allowed';
  }
  if (credentials.includes('@')) return 'has an @ in user or password that is not percent-encoded (%40)';
  if (!decodes(credentials)) return 'has a % in user or password that is not percent-encoded (%25)';
  const options = new URLSearchParams(query);
  for (const [name, value] of options) {
    if (name.toLowerCase() === 'w' && value.trim() === '0') {
      return 'must not ask for w=0: MongoDB would not confirm what it stored, and events could be lost';
    }
  }
  return undefined;
}

/** Names of the options that a connection string sets, in lower case. */
export function optionsIn(uri: string): Set<string> {
  const query = new URLSearchParams(/\?(.*)$/s.exec(uri)?.[1]);
  return new Set([...query.keys()].map(name => name.toLowerCase()));
}

/** What no message may show: credentials, and the password alone. */
export function secretsIn(uri: string): readonly string[] {
  const credentials = /^[^:]+:\/\/([^/?]*)@/.exec(uri)?.[1] ?? '';
  const password = /:(.*)$/s.exec(credentials)?.[1] ?? '';
  return password === '' ? [] : [credentials, password];
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
