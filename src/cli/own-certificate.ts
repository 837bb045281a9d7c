import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PeerCertificate } from 'node:tls';
import { isLoopback } from '../loopback.js';
import { fetchOver } from '../outgoing.js';

/**
 * How a daemon on this machine is asked over HTTPS when its certificate is known here (TLS_CERT_FILE): it must show
 * that very certificate, whatever name is in it, because 127.0.0.1 hardly ever is. Undefined = as any other server, by
 * its name and the authorities of the system.
 */
export function fetchByCertificate(url: string, certificateFile: string | undefined): typeof fetch | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' || !isLoopback(hostname.replace(/^\[|\]$/g, ''))) return undefined;
  const ca = readable(certificateFile);
  if (ca === undefined) return undefined;
  const expected = new X509Certificate(ca).raw;
  const connect = {
    ca,
    allowPartialTrustChain: true,
    checkServerIdentity: (_host: string, { raw }: PeerCertificate) =>
      raw.equals(expected) ? undefined : new Error('it shows another certificate than TLS_CERT_FILE'),
  };
  return fetchOver(connect);
}

function readable(file: string | undefined): Buffer | undefined {
  try {
    return file ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
