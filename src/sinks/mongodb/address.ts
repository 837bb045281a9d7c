import { isIPv6 } from 'node:net';
import { addressFlaw, decoded } from '../../settings/addresses.js';

/** A connection string, read once; the driver takes it whole. */
export interface MongoAddress {
  readonly uri: string;
  /** The database that it names for events. `admin` is none: there the users of a server live. */
  readonly database: string | undefined;
  /** Names of the options that it sets, in lower case. */
  readonly options: ReadonlySet<string>;
  /** Options of the driver in place of time-outs that are longer than a sink may take, ms. */
  readonly bounded: Readonly<Partial<Record<Timeout, number>>>;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

const form = 'must look like mongodb://user:password@host:port/database?options';

/**
 * What is wrong is said in words that never repeat any part of the string. The driver has the last word (its options
 * are many), but it is loaded only when the sink opens.
 */
export function readMongoAddress(uri: string): MongoAddress | { readonly flaw: string } {
  if (!/^mongodb(?:\+srv)?:\/\//.test(uri)) return { flaw: form };
  const flaw = addressFlaw(uri);
  if (flaw !== undefined) return { flaw };
  const [, scheme, credentials, hosts = '', database = '', query = ''] =
    /^(mongodb(?:\+srv)?):\/\/(?:([^@/?]*)@)?([^@/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri) ?? [];
  const list = hosts.split(',');
  if (list.some(host => host === '')) return { flaw: 'names no host' };
  if (list.some(isIPv6)) return { flaw: 'must have its IPv6 address in brackets, such as mongodb://[::1]:27017' };
  const bad = list.find(host => !/^(?:\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.test(host));
  if (bad !== undefined) {
    return { flaw: `${form}: a host there is neither a name nor an address, with a port behind it at most` };
  }
  if (list.some(host => !isPort(/:(\d+)$/.exec(host)?.[1]))) return { flaw: 'must have ports from 1 to 65535' };
  if (scheme === 'mongodb+srv' && (list.length > 1 || /:\d+$/.test(hosts))) {
    return { flaw: 'with mongodb+srv:// exactly one host without a port is allowed' };
  }
  if (database.includes('/')) return { flaw: `${form}: a database has no slash in its name` };
  const options = new URLSearchParams(query);
  for (const [name, value] of options) {
    const optionFlaw = flawOfOption(name, value.trim());
    if (optionFlaw !== undefined) return { flaw: optionFlaw };
  }
  const named = decoded(database);
  return {
    uri,
    database: named === '' || named === 'admin' ? undefined : named,
    options: new Set([...options.keys()].map(name => name.toLowerCase())),
    bounded: boundedTimeouts(options),
    secrets: secretsIn(credentials),
  };
}

const timeouts = ['serverSelectionTimeoutMS', 'connectTimeoutMS', 'waitQueueTimeoutMS'] as const;
type Timeout = (typeof timeouts)[number];

function timeoutOf(name: string): Timeout | undefined {
  return timeouts.find(timeout => timeout.toLowerCase() === name.toLowerCase());
}

/**
 * Less than `event-sink check` and the end of the daemon wait for a sink, so that the driver's own reason is heard, ms.
 */
const maxTimeoutMs = 15_000;

/** A longer time is none to refuse: the driver's own default is 30 s. It waits for ever at 0. */
function boundedTimeouts(options: URLSearchParams): MongoAddress['bounded'] {
  const long = [...options].flatMap(([name, value]) => {
    const timeout = timeoutOf(name);
    return timeout !== undefined && (Number(value) === 0 || Number(value) > maxTimeoutMs) ? [timeout] : [];
  });
  return Object.fromEntries(long.map(timeout => [timeout, maxTimeoutMs]));
}

function flawOfOption(name: string, value: string): string | undefined {
  if (name.toLowerCase() === 'w' && value === '0')
    return 'must not ask for w=0: MongoDB would not confirm what it stored, and events could be lost';
  if (timeoutOf(name) !== undefined && !/^\d{1,10}$/.test(value))
    return `must have its ${name} in whole ms; more than ${maxTimeoutMs} counts as ${maxTimeoutMs}`;
  return undefined;
}

function isPort(text: string | undefined): boolean {
  return text === undefined || (Number(text) >= 1 && Number(text) <= 65_535);
}

function secretsIn(credentials = ''): readonly string[] {
  const colon = credentials.indexOf(':');
  const password = colon < 0 ? '' : credentials.slice(colon + 1);
  return password === '' ? [] : [credentials, password];
}
