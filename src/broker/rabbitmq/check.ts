import type { Clock } from '../../clock.js';
import { TransientError } from '../../errors.js';
import { silentLog } from '../../log.js';
import { Connection } from './connection.js';

/**
 * Logs in to one node and out again. Resolves with what it says of itself.
 * @throws TransientError saying why not, and what a person can do about it
 */
export async function checkConnection(node: string, clock: Clock): Promise<string> {
  const connection = new Connection({ nodes: [node], name: 'event-sink check', clock, log: silentLog });
  try {
    await connection.open();
    const live = connection.now();
    if (live === undefined) throw new TransientError(connection.error ?? 'no connection');
    const { product, version } = live.model.connection.serverProperties as { product?: string; version?: string };
    return `${product ?? 'broker'} ${version ?? ''} accepts the connection`.replace('  ', ' ');
  } finally {
    await connection.close();
  }
}
