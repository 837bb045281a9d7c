/** Where a daemon of these settings can be asked from this machine. */
export function daemonAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const name = everywhere[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

const timeoutMs = 4_000;

/** Whether a daemon is alive there. Never rejects. */
export async function isAlive(address: string, signal?: AbortSignal): Promise<boolean> {
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
  try {
    const answer = await fetch(`${address}/healthz`, { redirect: 'manual', signal: AbortSignal.any(signals) });
    const { status } = (await answer.json()) as { status?: unknown };
    return answer.ok && status === 'ok';
  } catch {
    return false;
  }
}
