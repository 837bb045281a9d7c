import { sampled } from '../sample.js';
import { connectOptions } from './connect.js';
import type { HttpCheck } from './http/check.js';
import { expect, options } from './http/description.js';
import { requesting } from './http/request.js';
import { defineProbe } from './probe.js';

export const httpProbe = defineProbe({
  kind: 'http',
  schemes: ['http', 'https'],
  form: 'http(s)://…',
  does: 'a request over a fresh connection, a GET by default; 200 to 399 is up, and redirects are followed only if you say so',
  options,
  expect,
  readings: ['status', 'bytes', 'time_dns', 'time_connect', 'time_tls', 'time_first_byte', 'certificate_days_left'],
  parse,
  show: ({ url }) => {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  },
  secrets,
  problem: ({ url, redirects, expect: { certificate_days: days } }) =>
    days !== undefined && url.startsWith('http:') && redirects === 0
      ? 'expects certificate_days, but http:// has no certificate: write https://, or let it follow redirects'
      : undefined,
  proxied: ({ url, proxy }) => (proxy ? new URL(url) : undefined),
  run(check, limits, tools) {
    const proxyFor = (url: URL) => (check.proxy ? tools.outgoing.proxyFor(url) : undefined);
    const timed = limits.timed === true || check.expect.response_time !== undefined;
    const take = requesting(check, { connect: connectOptions(limits, tools), now: tools.clock.now, timed, proxyFor });
    return sampled(take, limits);
  },
});

function parse(address: string): Pick<HttpCheck, 'url'> | string {
  if (!/^https?:\/\/\S+$/i.test(address) || !URL.canParse(address)) return 'is not a URL that can be read';
  // `http://ann:12345#Secret@host/`: some readers see the host `ann` here, and others a password.
  if (/^[a-z]+:\/\/[^/?#]*[?#][^/]*@/i.test(address))
    return 'has # or ? in its user or password: write %23 for # and %3F for ?';
  const url = new URL(address);
  if (!isEncoded(url.username) || !isEncoded(url.password))
    return 'has a user or password that is not percent-encoded: write %25 for %';
  url.hash = '';
  return { url: url.href };
}

/** Percent signs begin an escape, and the escapes are UTF-8: Node refuses to send anything else. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** User, password and query of the URL; the values of headers, and their parts (`Bearer …`); what is sent. */
function secrets({ url, headers, body }: Pick<HttpCheck, 'url' | 'headers' | 'body'>): string[] {
  const { username, password, search, searchParams } = new URL(url);
  return [
    username,
    password,
    search.slice(1),
    ...searchParams.values(),
    ...Object.values(headers).flatMap(value => [value, ...value.split(/\s+/).slice(1)]),
    ...(body === undefined ? [] : [body]),
  ].filter(secret => secret !== '');
}
