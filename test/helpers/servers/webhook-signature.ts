import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Asked } from './stand-in.js';

const toleranceSeconds = 300;

/** What a receiver by Standard Webhooks would refuse of a request, or undefined. */
export function signatureFault({ method, headers, body }: Asked, key: Buffer): string | undefined {
  const id = String(headers['webhook-id'] ?? '');
  const timestamp = String(headers['webhook-timestamp'] ?? '');
  if (method !== 'POST') return 'not a POST';
  if (id === '' || id.includes('.')) return `the id is "${id}"`;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < toleranceSeconds)) return `the time is "${timestamp}"`;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const given = String(headers['webhook-signature'] ?? '')
    .split(' ')
    .filter(part => part.startsWith('v1,'))
    .map(part => Buffer.from(part.slice(3), 'base64'));
  const isSigned = given.some(one => one.length === expected.length && timingSafeEqual(one, expected));
  return isSigned ? undefined : 'the signature is wrong';
}
