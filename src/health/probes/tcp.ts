import { connect } from 'node:net';
import { reasonOf } from '../reasons.js';
import type { Probe, Sample } from '../sample.js';
import type { TcpCheck } from '../target.js';

/** Connects, and hangs up. */
export function tcpProbe({ host, port }: TcpCheck): Probe {
  return signal =>
    new Promise<Sample>(resolve => {
      const began = performance.now();
      const socket = connect({ host, port });
      const end = (sample: Sample): void => {
        signal.removeEventListener('abort', late);
        resolve(sample);
        socket.destroy();
      };
      const late = (): void => end({ reason: 'while connecting' });
      signal.addEventListener('abort', late, { once: true });
      socket.once('connect', () => end({ reason: undefined, seconds: (performance.now() - began) / 1000 }));
      socket.on('error', error => end({ reason: reasonOf(error) }));
    });
}
