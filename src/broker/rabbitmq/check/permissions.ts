import type { Channel } from 'amqplib';
import { TransientError } from '../../../errors.js';
import { deadLetterQueueName, heartbeatQueueName, traceQueueName } from '../../queue-names.js';
import { closeChannel, isThere, onChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { type Permission, replyCode } from '../errors.js';

/** What RabbitMQ does not let the user do, and with what: `write` to `exchange clowder.metrics`. */
export interface Missing {
  readonly permission: Permission;
  readonly resource: string;
}

export interface Wanted {
  readonly exchange: string;
  /** Queues of sinks; an adopted one is declared only where it is not there. */
  readonly queues: readonly { readonly name: string; readonly sink: string; readonly adopted: boolean }[];
  /** The exchange of the extractors' heartbeats, where they are heard. */
  readonly heartbeats: string | undefined;
  /** The exchange of the traces, where extractions are followed. */
  readonly traces?: string | undefined;
}

interface Attempt extends Missing {
  /** Answered 403 without the permission, and anything else with it. */
  try(live: LiveConnection): Promise<unknown>;
}

/** A routing key that nothing is bound with. */
const nowhere = 'event-sink.check';

/**
 * Which of the daemon's permissions the user lacks, for each exchange and queue by its own name. RabbitMQ looks at the
 * permission first and at the rest of a request afterwards, so each request here has a flaw for which it is refused
 * [run on 3.10]: nothing is declared, bound, published or consumed. Publishing comes last, and on a connection that
 * nobody else needs: a broker that takes no messages reads no more from it.
 * @throws TransientError when it takes none now
 */
export async function missingPermissions(live: LiveConnection, wanted: Wanted): Promise<readonly Missing[]> {
  const missing: Missing[] = [];
  const blocked = new Promise<never>((_, reject) => {
    live.model.once('blocked', reason => reject(new TransientError(`RabbitMQ takes no messages now: ${reason}`)));
  });
  blocked.catch(() => {});
  for (const { permission, resource, try: attempt } of await attempts(live, wanted)) {
    const refusal = await Promise.race([attempt(live), blocked]).then(
      () => undefined,
      error => error as Error,
    );
    if (refusal === undefined) continue;
    if (replyCode(refusal) === undefined) throw refusal;
    if (replyCode(refusal) !== 403) continue;
    // Binding needs two: the server says of which of them.
    const named = / exchange '([^']+)'/.exec(refusal.message)?.[1];
    const found: Missing =
      permission === 'write' && resource.startsWith('queue') && named !== undefined
        ? { permission: 'read', resource: `exchange ${named}` }
        : { permission, resource };
    if (!missing.some(one => one.permission === found.permission && one.resource === found.resource))
      missing.push(found);
  }
  return missing;
}

async function attempts(live: LiveConnection, { exchange, queues, heartbeats, traces }: Wanted): Promise<Attempt[]> {
  const all: Attempt[] = [];
  // One that is there will do, whoever may declare it.
  if (!(await isThere(live, channel => channel.checkExchange(exchange)))) all.push(configureExchange(exchange));
  for (const { name, sink, adopted } of queues) {
    const taken = adopted && (await isThere(live, channel => channel.checkQueue(name)));
    const dead = deadLetterQueueName(sink);
    if (!taken) all.push(configureQueue(name));
    all.push(bindQueue(name, exchange), consumeFrom(name), configureQueue(dead), consumeFrom(dead));
  }
  if (heartbeats !== undefined) {
    const name = heartbeatQueueName;
    all.push(configureQueue(name), bindQueue(name, heartbeats), consumeFrom(name));
  }
  if (traces !== undefined) {
    const name = traceQueueName;
    all.push(configureQueue(name), bindQueue(name, traces), consumeFrom(name));
  }
  all.push(publishTo(exchange, `exchange ${exchange}`), publishTo('', 'exchange amq.default'));
  return all;
}

function configureExchange(name: string): Attempt {
  const flawed = { durable: true, arguments: { 'alternate-exchange': 1 } };
  return attempt('configure', `exchange ${name}`, channel => channel.assertExchange(name, 'fanout', flawed));
}

function configureQueue(name: string): Attempt {
  // Exclusive, so that it would go with the connection if a server made it in spite of its flaw.
  const flawed = { durable: false, exclusive: true, arguments: { 'x-dead-letter-exchange': 1 } };
  return attempt('configure', `queue ${name}`, channel => channel.assertQueue(name, flawed));
}

/** Takes off a binding that is not there: the permissions are those of binding. */
function bindQueue(name: string, exchange: string): Attempt {
  return attempt('write', `queue ${name}`, channel => channel.unbindQueue(name, exchange, nowhere));
}

function consumeFrom(name: string): Attempt {
  const flawed = { arguments: { 'x-priority': 'none' } };
  return attempt('read', `queue ${name}`, async channel => {
    await channel.prefetch(1);
    await channel.consume(name, () => {}, flawed);
  });
}

function attempt(permission: Permission, resource: string, work: (channel: Channel) => Promise<unknown>): Attempt {
  return { permission, resource, try: live => onChannel(live, work) };
}

function publishTo(exchange: string, resource: string): Attempt {
  return {
    permission: 'write',
    resource,
    try: async live => {
      const channel = await live.model.createConfirmChannel();
      const closed = new Promise<never>((_, reject) => {
        channel.on('error', reject);
        channel.on('close', () => reject(new Error('the connection was lost')));
      });
      const taken = new Promise<void>(resolve => {
        channel.publish(exchange, nowhere, Buffer.alloc(0), { expiration: 'never' }, error => {
          if (error === null) resolve();
        });
      });
      await Promise.race([closed, taken]);
      await closeChannel(channel);
    },
  };
}
