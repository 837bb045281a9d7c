import type { UsageRecomputed, UsageReport } from '../../openapi/api-types.js';
import type { Client } from './client.js';
import { table } from './terminal.js';

type Sums = UsageRecomputed['before'];

/** All of a month, before and after it was counted again. */
export function monthTable(done: UsageRecomputed, columns: number): string {
  const rows = (['regular', 'machine'] as const).flatMap(method =>
    (['total_dataset_investigations', 'total_dataset_requests', 'request_bytes'] as const).map(name => [
      ...[method, name, String(done.before[method][name]), String(done.after[method][name])],
    ]),
  );
  return table([done.month, '', 'BEFORE', 'AFTER'], rows, columns);
}

/** What there is of a month now. */
export async function sumsOf(client: Client, month: string): Promise<Sums> {
  const report = await client.request<UsageReport>({ method: 'GET', path: `/v1/usage?by=month&month=${month}` });
  const [line] = report.usage;
  return { regular: countsOf(line?.regular), machine: countsOf(line?.machine) };
}

/**
 * A closed month that was counted anew gets its new counts, and is open again.
 * @throws Error that says which figures would fall
 */
export function finishMonth(client: Client, month: string, lower: boolean): Promise<UsageRecomputed> {
  const path = `/v1/usage/months/${month}/finish${lower ? '?lower=true' : ''}`;
  return client.request<UsageRecomputed>({ method: 'POST', path });
}

function countsOf(counts: UsageReport['usage'][number]['regular'] | undefined): Sums['regular'] {
  // Months are whole: only countries hide what few people did.
  return counts === undefined || typeof counts === 'string' ? nothing : counts;
}

const nothing: Sums['regular'] = {
  total_dataset_investigations: 0,
  total_dataset_requests: 0,
  unique_dataset_investigations: 0,
  unique_dataset_requests: 0,
  bytes: 0,
  request_bytes: 0,
};
