import { readFileSync } from 'node:fs';
import { routeConfig, z } from 'koa-swagger-decorator';
import { programFile } from '../../program-files.js';
import { answerJson } from '../answer.js';
import { type Collected, collect } from '../collect.js';
import type { ApiContext } from '../context.js';
import { retryAfter } from '../problem-document.js';
import { content, json, route } from '../route.js';
import { type Answer, count, epochMs } from '../schemas.js';

const Upload = z
  .object({
    api_key: z.string().min(1).openapi({ description: 'A collect key.' }),
    events: z
      .array(
        z
          .object({
            event_type: z.string().min(1).max(128).openapi({ description: 'Becomes the category.' }),
            event_properties: z
              .record(z.unknown())
              .optional()
              .openapi({ type: 'object', additionalProperties: true, description: 'Become fields.' }),
            insert_id: z
              .string()
              .optional()
              .openapi({ description: 'Makes a repeat harmless: with the device it is the event’s identity.' }),
            device_id: z.string().optional(),
            user_id: z.string().optional(),
            session_id: z.number().int().optional(),
            time: epochMs.optional().openapi({ description: 'Becomes `created`; the time of arrival when absent.' }),
          })
          .passthrough()
          .openapi('BrowserEvent', { type: 'object', additionalProperties: true }),
      )
      .min(1)
      .max(1000),
  })
  .passthrough()
  .openapi('BrowserUpload', { type: 'object', additionalProperties: true });

const UploadReceipt = z
  .object({
    code: z.literal(200),
    events_ingested: count,
    payload_size_bytes: count,
    server_upload_time: epochMs,
  })
  .openapi('BrowserUploadReceipt');

const UploadRefusal = z
  .object({
    code: z.number().int().openapi({ description: 'The status once more: SDKs read it here.' }),
    error: z.string(),
    missing_field: z.string().optional().openapi({ description: 'The request as a whole is dropped by an SDK.' }),
    events_with_missing_fields: z.record(z.array(count)).optional().openapi({ description: 'Indexes, by field.' }),
    events_with_invalid_fields: z.record(z.array(count)).optional().openapi({ description: 'Indexes, by field.' }),
    throttled_events: z.array(count).optional().openapi({ description: 'Indexes that an SDK sends again later.' }),
  })
  .openapi('BrowserUploadRefusal');

const refused = (description: string) => json(description, UploadRefusal);

function later(description: string) {
  const answer = refused(description);
  return { ...answer, headers: { ...answer.headers, ...retryAfter } as typeof retryAfter };
}

const example = {
  api_key: 'es_…',
  events: [
    {
      event_type: 'dataset_rated',
      event_properties: { resource_id: '65fd8f8b72b6e319f3c4706e', stars: 4 },
      device_id: '0b0d8a51-3f2c-4a57-9a5e-5d0c7d9f4f3e',
      session_id: 1709542924131,
      time: 1709542924131,
      insert_id: '3e3a5b2e-6a0f-4c1d-8f9e-0e6a3c1b7d55',
    },
  ],
};

function wire(path: '/2/httpapi' | '/batch', id: string) {
  return route({
    method: 'post',
    path,
    access: 'open',
    tag: 'Browsers',
    id,
    summary: 'Send events from a page, as Amplitude’s SDKs do',
    description:
      'Its key is a collect key, in the body; a browser may use it on pages of its origins only. ' +
      'Taken are JSON (also as text/plain, from a beacon) and the forms of amplitude-js 4 to 8. ' +
      'Nothing is checked but what makes an event. ' +
      'Sent as application/json, a bad event refuses the request, and the answer says which: the SDKs leave it out and send the others again. ' +
      'See docs/browser.md.',
    body: {
      content: {
        'application/json': { schema: Upload, example },
        'text/plain': { schema: { type: 'string', description: 'The same JSON: a beacon.' } },
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            required: ['client', 'e'],
            properties: {
              client: { type: 'string', description: 'A collect key.' },
              e: { type: 'string', description: 'A JSON list of events.' },
            },
          },
        },
      },
    },
    answer: {
      status: 200,
      config: content('Accepted and durable. `success` where a form was sent.', {
        'application/json': { schema: UploadReceipt },
        'text/plain': { schema: { type: 'string', enum: ['success'] } },
      }),
    },
    others: {
      400: refused('The request, or an event of it, is not valid.'),
      401: refused('There is no key, or it is not known, or it has expired.'),
      403: refused('The key is not a collect key, or not for pages of this origin.'),
      408: refused('The body did not arrive in time.'),
      413: refused('The body is too large, or contains too many events.'),
      415: refused('The content type, charset or content encoding is not supported.'),
      429: later('Too many requests with this key, or from this address, or without a valid key from it.'),
      503: later('Not possible right now; nothing was accepted.'),
    },
    problems: [500],
  });
}

const snippet = programFile('dist/src/browser/snippet/snippet.js');
let loaded: string | undefined;

/** Amplitude's wire, where a page that has one of its SDKs changes one address; and a script for other pages. */
export class BrowserRoutes {
  @routeConfig(wire('/2/httpapi', 'collectEvents'))
  async collect(ctx: ApiContext): Promise<void> {
    received(ctx, await collect(ctx));
  }

  @routeConfig(wire('/batch', 'collectBatch'))
  async collectBatch(ctx: ApiContext): Promise<void> {
    received(ctx, await collect(ctx));
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/snippet.js',
      access: 'open',
      tag: 'Browsers',
      id: 'getSnippet',
      summary: 'The script that a page loads to send its views and downloads',
      description:
        'At most 2,048 bytes, the same for everybody: its key is an attribute of the element that loads it, `data-key`. See docs/browser.md.',
      answer: {
        status: 200,
        config: content('JavaScript.', { 'text/javascript': { schema: { type: 'string' } } }),
      },
    }),
  )
  async snippet(ctx: ApiContext): Promise<void> {
    loaded ??= readFileSync(snippet, 'utf8');
    // Any page may load it, isolated ones and those with an integrity hash too.
    ctx.set({
      'Cache-Control': 'public, max-age=3600',
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    });
    ctx.type = 'text/javascript';
    ctx.body = loaded;
  }
}

function received(ctx: ApiContext, { transport, events, bytes }: Collected): void {
  ctx.status = 200;
  if (transport === 'form') {
    ctx.type = 'text';
    ctx.body = 'success';
    return;
  }
  const receipt = {
    code: 200,
    events_ingested: events,
    payload_size_bytes: bytes,
    server_upload_time: ctx.services.clock.now(),
  } as const;
  answerJson(ctx, JSON.stringify(receipt satisfies Answer<typeof UploadReceipt>));
}
