import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import { silentLog } from '../../../log.js';
import { Connection, type LiveConnection } from '../connection.js';

/** A connection of its own to one node, for as long as something is tried there. */
export interface LoggedIn {
  readonly connection: Connection;
  readonly live: LiveConnection;
  readonly node: string;
  /** As the server calls itself: `RabbitMQ`. Others speak AMQP too. */
  readonly product: string;
  readonly version: string;
}

/** @throws TransientError, or a SetupError that says what a person can do about it; never shows the password */
export async function logIn(node: string, clock: Clock): Promise<LoggedIn> {
  const connection = new Connection({ nodes: [node], name: 'event-sink check', clock, log: silentLog });
  await connection.open();
  const live = connection.now();
  if (live === undefined) {
    const fault = connection.fault ?? new TransientError('no connection');
    await connection.close();
    throw fault;
  }
  const { product = 'broker', version = '' } = live.model.connection.serverProperties as {
    product?: string;
    version?: string;
  };
  return { connection, live, node, product, version };
}
