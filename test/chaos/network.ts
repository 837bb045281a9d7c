import type { Random } from '../helpers/random.js';
import type { ProxyMode } from '../helpers/servers/proxy.js';

export const networkFaults = ['cut', 'refuse', 'black-hole', 'slow', 'cut-answer'] as const;

export function proxyMode(fault: string, random: Random): ProxyMode {
  if (fault === 'slow') return { mode: 'slow', latency: random.integer(20, 400), bytesPerSecond: 20_000 };
  if (fault === 'cut-answer') return { mode: 'cut-answer', bytes: random.integer(0, 20) };
  return { mode: fault as 'cut' | 'refuse' | 'black-hole' };
}
