import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Pair } from '../certificates.js';
import { freePort } from '../ports.js';
import { findProgram, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { until } from '../wait.js';

export interface SServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** OpenSSL's own server on a free port of 127.0.0.1, with a certificate and what else its options say. */
export async function startSServer(
  folder: string,
  pair: Pair,
  options: readonly string[] = [],
): Promise<SServer | Skip> {
  const program = findProgram('openssl');
  if (!program) return { skip: 'the command openssl was not found' };
  const port = await freePort();
  const file = (kind: string, text: string): string => {
    const path = join(folder, `s-server-${port}.${kind}`);
    writeFileSync(path, text);
    return path;
  };
  const files = ['-cert', file('pem', pair.cert), '-key', file('key', pair.key)];
  const running = new Running(program, ['s_server', '-accept', `127.0.0.1:${port}`, '-www', ...files, ...options]);
  await until(async () => running.exit ?? (await answers(port)), 'openssl s_server that listens');
  if (running.exit) throw new Error(`openssl s_server ended with ${running.exit.code}: ${running.output}`);
  return {
    port,
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
