import { get } from 'node:https';

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Undefined = plain HTTP. */
  readonly tls?: object | undefined;
}

/** Where a daemon of these settings can be asked from this machine. */
export function daemonAddress({ host, port, tls }: Listener): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const name = everywhere[host] ?? host;
  return `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

const timeoutMs = 4_000;

/** Whether a daemon is alive there. Never rejects. */
export async function isAlive(address: string, signal?: AbortSignal): Promise<boolean> {
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
  try {
    const ended = AbortSignal.any(signals);
    const url = `${address}/healthz`;
    const text = url.startsWith('https:') ? await getUnchecked(url, ended) : await getPlain(url, ended);
    return (JSON.parse(text) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}

async function getPlain(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { redirect: 'manual', signal });
  return answer.ok ? answer.text() : '';
}

/**
 * Whose certificate it is does not matter: nothing secret is sent, and a certificate hardly ever names the loopback.
 */
function getUnchecked(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false, signal }, response => {
      let text = '';
      response.setEncoding('utf8').on('error', reject);
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 1_000);
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''));
    }).on('error', reject);
  });
}
