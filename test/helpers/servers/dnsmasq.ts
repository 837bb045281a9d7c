import { connect } from 'node:net';
import { freePort } from '../ports.js';
import { findProgram, nobody, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { until } from '../wait.js';

export interface Dnsmasq {
  /** `127.0.0.1:5353`, as a `dns://` address names it. */
  readonly server: string;
  stop(): Promise<void>;
}

/**
 * A real dnsmasq on a free port of 127.0.0.1. It has authority over what its options declare, knows that there is
 * nothing else below example.org, and refuses every other name.
 */
export async function startDnsmasq(options: readonly string[] = []): Promise<Dnsmasq | Skip> {
  const program = findProgram('/usr/sbin/dnsmasq', 'dnsmasq');
  if (!program) return { skip: 'no dnsmasq found: install dnsmasq-base, or run `npm run verify` as root' };
  const port = await freePort();
  const own = ['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--no-resolv', '--no-hosts'];
  const place = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--local=/example.org/'];
  const user = nobody === undefined ? [] : ['--user=nobody', '--group=nogroup'];
  const running = new Running(program, [...own, ...place, ...user, ...options]);
  await until(async () => running.exit ?? (await answers(port)), 'dnsmasq that listens');
  if (running.exit) throw new Error(`dnsmasq ended with ${running.exit.code}: ${running.output}`);
  return {
    server: `127.0.0.1:${port}`,
    stop: async () => {
      await running.stop('SIGTERM', 5_000);
    },
  };
}

function answers(port: number): Promise<true | undefined> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
