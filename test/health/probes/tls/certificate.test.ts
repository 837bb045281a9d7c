import type { DetailedPeerCertificate } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { daysLeft, expiryWarning } from '../../../../src/health/probes/tls/certificate.js';

const now = Date.UTC(2026, 2, 1);

/** A connection to a server that shows one certificate after the other, its own first. */
function showing(...ends: readonly string[]) {
  const chain = ends.reduceRight<object | undefined>(
    (issuerCertificate, end, place) => ({ valid_to: end, fingerprint256: `${place}`, issuerCertificate }),
    undefined,
  );
  return { getPeerCertificate: () => (chain ?? {}) as DetailedPeerCertificate } as never;
}

test('the first certificate of a chain to end counts', () => {
  assert.is(daysLeft(showing('Mar 31 00:00:00 2026 GMT', 'Mar 11 00:00:00 2026 GMT'), now), 10);
  assert.is(daysLeft(showing(), now), undefined);
});

test('a date that cannot be read is no number of days, and is said where days are wanted', () => {
  assert.is(daysLeft(showing('Bad time value'), now), undefined);
  assert.is(daysLeft(showing('Bad time value', 'Mar 31 00:00:00 2026 GMT'), now), 30);
  assert.is(expiryWarning(undefined, 14), 'when the TLS certificate ends cannot be read from it');
  assert.is(expiryWarning(undefined, undefined), undefined);
  assert.is(expiryWarning(13.9, 14), 'TLS certificate ends in 13.9 days, fewer than 14');
  assert.is(expiryWarning(14, 14), undefined);
});

test.run();
