import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/**
 * A name may have several addresses. Node tries one after another, each for this long, and does not come back to one
 * that it has left; only the last may take its time. Node's own 250 ms leave a distant host for an IPv6 address that
 * leads nowhere. This leaves time for a packet that is lost and sent again after 1 s.
 */
export const connectAttemptMs = 2_500;

/** For every connection of this process: sinks, brokers and probes alike. */
export function waitForDistantHosts(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(connectAttemptMs);
}
