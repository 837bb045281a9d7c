import { isLoopback } from './loopback.js';
import type { Address } from './settings/addresses.js';

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as everywhere. */
export interface Proxies {
  readonly http: Address | undefined;
  readonly https: Address | undefined;
  /** Hosts that are reached without one: names with all below them, addresses, each perhaps with a port; `*` = all. */
  readonly exceptions: readonly string[];
}

type TlsOptions = NonNullable<import('undici').Agent.Options['connect']>;
type ProxyAgent = import('undici').ProxyAgent;
type UndiciInit = import('undici').RequestInit;

/** How HTTP requests leave this machine: straight, or through a proxy. */
export class Outgoing {
  readonly #proxies: Proxies;
  readonly #agents = new Map<string, ProxyAgent>();

  constructor(proxies: Proxies) {
    this.#proxies = proxies;
  }

  /** The proxy for an address; undefined = none. This very machine is never reached through one. */
  proxyFor(url: URL): Address | undefined {
    const { http, https, exceptions } = this.#proxies;
    const proxy = url.protocol === 'https:' ? https : http;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (proxy === undefined || isLoopback(host)) return undefined;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return exceptions.some(exception => isMeant(exception, host, port)) ? undefined : proxy;
  }

  /** The proxy for an address, as a message names it: host, port and setting. */
  proxyInWords(url: URL): string | undefined {
    const proxy = this.proxyFor(url);
    return proxy === undefined ? undefined : `the proxy ${proxyHost(proxy)} (${proxySettingFor(url)})`;
  }

  /** As the platform's, which knows no proxy. */
  async fetch(url: URL, init: RequestInit): Promise<Response> {
    const proxy = this.proxyFor(url);
    if (proxy === undefined) return fetch(url, init);
    // Loaded where there is a proxy: its own fetch and agents belong together.
    const undici = await import('undici');
    const dispatcher = this.#agentFor(proxy, undici.ProxyAgent);
    const response = await undici.fetch(url, { ...init, dispatcher } as UndiciInit);
    return response as unknown as Response;
  }

  #agentFor(proxy: Address, Agent: typeof import('undici').ProxyAgent): ProxyAgent {
    const known = this.#agents.get(proxy.url);
    if (known !== undefined) return known;
    const token = proxyAuthorization(proxy);
    // A tunnel for https:// alone: many proxies allow none to other ports than 443.
    const agent = new Agent({ uri: proxy.url, proxyTunnel: false, ...(token === undefined ? {} : { token }) });
    this.#agents.set(proxy.url, agent);
    return agent;
  }
}

/**
 * The platform's `fetch`, but for how its connections are made over TLS (options of `tls.connect`), and that it waits
 * for an answer as long as its signal says: by itself, `fetch` waits five minutes.
 *
 * @param limitMs for the answer to begin, and for each part of it; 0 = none
 */
export function fetchOver(connect: TlsOptions, limitMs = 0): typeof fetch {
  let agent: import('undici').Agent | undefined;
  return async (target, init) => {
    const undici = await import('undici');
    agent ??= new undici.Agent({ connect, headersTimeout: limitMs, bodyTimeout: limitMs });
    return (await undici.fetch(target as string, { ...init, dispatcher: agent } as UndiciInit)) as unknown as Response;
  };
}

/** The setting that names the proxy for an address. */
export function proxySettingFor({ protocol }: URL): 'HTTPS_PROXY' | 'HTTP_PROXY' {
  return protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
}

/** Host and port, always both. */
export function proxyHost({ url }: Address): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** The header `proxy-authorization` for a proxy that wants to know who asks. */
export function proxyAuthorization({ user, password }: Address): string | undefined {
  return user === undefined ? undefined : `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
}

function isMeant(exception: string, host: string, port: string): boolean {
  if (exception === '*') return true;
  const [, name = exception, wantedPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(exception) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const plain = name
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .toLowerCase();
  return host === plain || host.endsWith(`.${plain}`);
}
