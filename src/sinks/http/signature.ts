import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { refuse } from '../../settings/refuse.js';

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const prefix = 'whsec_';
const minBytes = 24;
const maxBytes = 64;

/** With or without its prefix; the bytes of the key. */
export function webhookSecret() {
  return z.string().transform((value, context): Buffer => {
    const encoded = value.startsWith(prefix) ? value.slice(prefix.length) : value;
    const key = Buffer.from(encoded, 'base64');
    const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded);
    return isBase64 && key.length >= minBytes && key.length <= maxBytes
      ? key
      : refuse(
          context,
          `must be whsec_ and ${minBytes} to ${maxBytes} bytes in base64; "echo whsec_$(openssl rand -base64 32)" makes one`,
        );
  });
}

/** The headers of one attempt. `now`: epoch ms. */
export function signedHeaders(id: string, body: string, now: number, key: Buffer | undefined): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (key === undefined) return headers;
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
