import { z } from 'koa-swagger-decorator';
import { answerJson } from './answer.js';
import type { ApiContext } from './context.js';
import type { Receipt } from './ingest.js';
import { type Answer, count, durability } from './schemas.js';

/** What routes that take events have in common: their headers, and their answer. */

export const PublishHeaders = z.object({
  'Idempotency-Key': z.string().min(1).max(128).optional().openapi({
    pattern: '^[ -~]+$',
    description:
      'Makes a repeat harmless: the id of a single event, and with the index of an item that has no id of its own, of every event of a list. 1 to 128 printable ASCII characters. A single event that has another id of its own is refused, and for a day, so is the key with another body (422).',
  }),
  'Event-Source': z
    .enum(['replay'])
    .optional()
    .openapi({ description: '`replay` marks recorded events that are sent again.' }),
});

export const ReceiptSchema = z
  .object({
    accepted: count.openapi({ description: 'Events that are now durable.' }),
    duplicates: count.openapi({ description: 'Items that repeat the id of an earlier one in this request.' }),
    ids: z.array(z.string()).openapi({ description: 'Ids in the order of the items.' }),
    durability,
  })
  .openapi('Receipt');

export function accepted(ctx: ApiContext, receipt: Receipt): void {
  ctx.services.metrics.published(receipt.durability, receipt.accepted);
  ctx.status = 202;
  answerJson(ctx, JSON.stringify(receipt satisfies Answer<typeof ReceiptSchema>));
}
