import { z } from 'zod';
import { isLoopback } from '../../loopback.js';
import { type Address, readHttpAddress } from '../../settings/addresses.js';
import { refuse } from '../../settings/refuse.js';

export interface SmtpAddress extends Pick<Address, 'user' | 'password'> {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on. */
  readonly secure: boolean;
  readonly starttls: 'required' | 'optional' | 'off';
}

export interface EmailConfig {
  readonly smtp: SmtpAddress;
  readonly to: readonly string[];
  readonly from: string;
}

const starttlsWords = ['required', 'optional', 'off'] as const;

export function smtpAddress() {
  return z.string().transform((value, context): SmtpAddress => {
    const read = readHttpAddress(value, ['smtp', 'smtps']);
    if ('flaw' in read) return refuse(context, read.flaw);
    const { hostname, port, protocol, pathname, searchParams } = new URL(read.url);
    const secure = protocol === 'smtps:';
    if (pathname !== '' && pathname !== '/') return refuse(context, 'must have no path behind host and port');
    if (read.user !== undefined && read.password === undefined)
      return refuse(context, 'has a user without a password: write smtp://user:password@host');
    for (const name of searchParams.keys())
      if (name !== 'starttls') return refuse(context, `has the parameter ${name}; starttls is the only one there is`);
    const host = hostname.replace(/^\[|\]$/g, '');
    // On this very machine nobody listens in between, and its certificate is seldom one that anybody knows.
    const usual = isLoopback(host) ? 'off' : read.user === undefined ? 'optional' : 'required';
    const given = searchParams.get('starttls') ?? usual;
    const starttls = starttlsWords.find(word => word === given);
    if (starttls === undefined)
      return refuse(context, 'must have starttls=required, starttls=optional or starttls=off');
    const { user, password } = read;
    return { host, port: port === '' ? (secure ? 465 : 587) : Number(port), secure, starttls, user, password };
  });
}

/** Nothing that a header or a mail program could read in two ways; real servers know what is there. */
const oneAddress = /^[^\s@"<>(),;:\\[\]]{1,64}@[^\s@"<>(),;:\\[\]]{1,255}$/;

export function mailAddress() {
  return z.string().transform((value, context) => {
    return oneAddress.test(value) ? value : refuse(context, 'must be a mail address, such as operators@example.org');
  });
}

export function mailAddresses() {
  return z.string().transform((value, context): readonly string[] => {
    const addresses = value.split(',').map(item => item.trim());
    return addresses.every(address => oneAddress.test(address))
      ? addresses
      : refuse(context, 'must be mail addresses, comma-separated, such as operators@example.org,ann@example.org');
  });
}
