import { createServer, type Server } from 'node:net';
import { describe } from '../../errors.js';
import { listenFault } from '../../http/listen-fault.js';
import { readPair, type TlsPaths } from '../../http/tls-files.js';
import { errorCodeOf } from '../../network-errors.js';
import { daemonAddress, isAlive, type Listener } from '../daemon-address.js';
import { type Attempt, WrongError } from './attempt.js';

/** A port that is taken is fine when our own daemon has it. */
export function listener({ host, port, tls }: Listener & { readonly tls: TlsPaths | undefined }): Attempt {
  const where = port === 0 ? `${host}, on any free port` : `${host} port ${port}`;
  return {
    dependency: 'listener',
    tried: `listen on ${where}`,
    setting: 'HOST and PORT',
    fix: 'set them to something else',
    run: async signal => {
      if (tls !== undefined) requirePair(tls);
      const server = createServer();
      try {
        await listening(server, host, port);
        await new Promise(closed => server.close(closed));
        return 'free';
      } catch (error) {
        if (errorCodeOf(error) !== 'EADDRINUSE') throw refused(host, port, error);
        if (await isAlive(daemonAddress({ host, port, tls }), signal)) return 'a running daemon has it';
        throw refused(host, port, error);
      }
    },
  };
}

function requirePair(paths: TlsPaths): void {
  try {
    readPair(paths);
  } catch (error) {
    throw new WrongError(`the certificate of the listener cannot be used: ${describe(error)}`, {
      setting: 'TLS_CERT_FILE and TLS_KEY_FILE',
      fix: 'name a certificate and its own key, both in PEM and readable for this user',
    });
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolved, rejected) => {
    server.once('error', rejected);
    server.listen(port, host, resolved);
  });
}

function refused(host: string, port: number, error: unknown): unknown {
  const fault = listenFault(error, host, port);
  return fault === undefined ? error : new WrongError(fault.what, fault);
}
