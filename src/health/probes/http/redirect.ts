import type { HttpCheck } from './check.js';

/** One request of the chain that a check may be. */
export type Asked = Pick<HttpCheck, 'url' | 'method' | 'headers' | 'body'>;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return redirects.has(status);
}

/**
 * What to ask next, as browsers do it; or why that cannot be asked, in words. Headers and body, which may hold secrets,
 * go to no other origin; neither do user and password, unless the new address has its own.
 */
export function redirected(asked: Asked, status: number, location: string): Asked | string {
  if (!URL.canParse(location, asked.url)) return 'is redirected to what is not a URL';
  const before = new URL(asked.url);
  const url = new URL(location, before);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `is redirected to ${url.protocol}, not to a page`;
  url.hash = '';
  const sameOrigin = url.origin === before.origin;
  if (sameOrigin && url.username === '') {
    url.username = before.username;
    url.password = before.password;
  }
  const becomesGet =
    (status === 303 && asked.method !== 'HEAD') || (status < 303 && asked.method !== 'GET' && asked.method !== 'HEAD');
  return {
    url: url.href,
    method: becomesGet ? 'GET' : asked.method,
    headers: sameOrigin ? asked.headers : {},
    body: becomesGet || !sameOrigin ? undefined : asked.body,
  };
}
