import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './running.js';
import type { Skip } from './skip.js';

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** File of the authority that signed the next three. */
  readonly ca: string;
  readonly valid: Pair;
  readonly expired: Pair;
  readonly otherName: Pair;
  readonly selfSigned: Pair;
  /** Signed by an authority between it and the first. */
  readonly belowIntermediate: Pair;
  /** File of that authority, as a server sends it along. */
  readonly intermediate: string;
}

/** Made afresh by the openssl command: an authority, and what it signed for this machine. */
export function makeCertificates(folder: string): Certificates | Skip {
  if (findProgram('openssl') === undefined) return { skip: 'the command openssl was not found' };
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout'];
  const pair = (name: string): Pair => ({
    key: readFileSync(file(`${name}.key`), 'utf8'),
    cert: readFileSync(file(`${name}.pem`), 'utf8'),
  });

  const selfSigned = (name: string): void => {
    openssl(
      'req',
      '-x509',
      ...key,
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  };
  const signed = (name: string, days: number, extension: string, by = 'ca'): Pair => {
    const names = ['-subj', `/CN=${name}`, '-addext', extension];
    openssl('req', ...key, file(`${name}.key`), '-out', file(`${name}.csr`), ...names);
    const issuer = ['-CA', file(`${by}.pem`), '-CAkey', file(`${by}.key`), '-CAcreateserial'];
    const authority = [...issuer, '-copy_extensions', 'copy'];
    openssl(
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      ...authority,
      '-days',
      String(days),
      '-out',
      file(`${name}.pem`),
    );
    return pair(name);
  };

  selfSigned('ca');
  selfSigned('self-signed');
  signed('intermediate', 20, 'basicConstraints=critical,CA:TRUE');
  return {
    ca: file('ca.pem'),
    valid: signed('valid', 30, 'subjectAltName=IP:127.0.0.1'),
    expired: signed('expired', -1, 'subjectAltName=IP:127.0.0.1'),
    otherName: signed('other-name', 30, 'subjectAltName=DNS:elsewhere.example.org'),
    selfSigned: pair('self-signed'),
    belowIntermediate: signed('below', 30, 'subjectAltName=IP:127.0.0.1', 'intermediate'),
    intermediate: file('intermediate.pem'),
  };
}
