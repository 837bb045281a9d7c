import { dnsProbe } from './dns.js';
import { fileProbe } from './file.js';
import { heartbeatProbe } from './heartbeat.js';
import { httpProbe } from './http.js';
import { pingProbe } from './ping.js';
import type { ProbeDefinition } from './probe.js';
import { queueProbe } from './queue.js';
import { tcpProbe } from './tcp.js';
import { tlsProbe } from './tls.js';

/** Every kind of probe there is: one line each, in the order of the documents. */
export const probes: readonly ProbeDefinition[] = [
  httpProbe,
  tcpProbe,
  tlsProbe,
  dnsProbe,
  queueProbe,
  fileProbe,
  pingProbe,
  heartbeatProbe,
];

/** The probe for an address, by its scheme. */
export function probeFor(address: string): ProbeDefinition | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  return scheme === undefined ? undefined : probes.find(({ schemes }) => schemes.includes(scheme));
}
