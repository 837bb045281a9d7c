import { isLoopback } from '../../loopback.js';
import { decoded, readHttpAddress } from '../../settings/addresses.js';

/** How a connection is secured, in libpq's words. `prefer`: encrypted where the server can, by whatever certificate. */
const modes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export type SslMode = (typeof modes)[number];

/** A connection string, read once. */
export interface PostgresAddress {
  /** A name, an address without brackets, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
  readonly applicationName: string;
}

const form = 'must look like postgresql://user:password@host:5432/database';
const known = ['sslmode', 'host', 'application_name'];

/** What is wrong is said in words that never repeat any part of the string but the names of its parameters. */
export function readPostgresAddress(text: string): PostgresAddress | { readonly flaw: string } {
  if (!/^postgres(?:ql)?:\/\//.test(text)) return { flaw: form };
  const read = readHttpAddress(text, ['postgresql', 'postgres']);
  if ('flaw' in read) return read;
  const url = new URL(read.url);
  if (url.host.includes(',')) return { flaw: 'must name one host: the address of whichever server is the primary' };
  const database = decoded(url.pathname.slice(1)) ?? '';
  if (database === '' || database.includes('/')) return { flaw: `${form}: the database is missing` };
  const parameters = url.searchParams;
  const strange = [...parameters.keys()].find(name => !known.includes(name));
  if (strange !== undefined) return { flaw: `has a parameter that is not known here: of ${known.join(', ')}` };
  const host = parameters.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  const sslMode = modes.find(mode => mode === (parameters.get('sslmode') ?? 'prefer'));
  if (sslMode === undefined) return { flaw: `must have a sslmode of ${modes.join(', ')}` };
  const isSocket = host.startsWith('/');
  return {
    host,
    port: Number(url.port || 5432),
    user: read.user,
    password: read.password,
    database,
    sslMode: sslMode === 'prefer' && (isSocket || isLoopback(host)) ? 'disable' : sslMode,
    applicationName: parameters.get('application_name') ?? 'event-sink',
  };
}
