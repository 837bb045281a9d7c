import { type ConsumeMessage, connect } from 'amqplib';

export interface Consumption {
  readonly uri: string;
  readonly queue: string;
  readonly count: number;
  readonly lingerMs: number;
  /** Resolves when they are written. */
  readonly write: (messages: readonly ConsumeMessage[]) => Promise<void>;
}

/**
 * The least that delivery with acknowledgements takes: batches by count and linger, one being written and
 * one being gathered, one ack a batch.
 */
export async function consume({ uri, queue, count, lingerMs, write }: Consumption): Promise<void> {
  const connection = await connect(uri);
  const channel = await connection.createChannel();
  await channel.prefetch(2 * count);
  let gathered: ConsumeMessage[] = [];
  let writing = false;
  let linger: NodeJS.Timeout | undefined;
  let due = false;

  const proceed = (): void => {
    if (writing || gathered.length === 0 || (gathered.length < count && !due)) return;
    const batch = gathered.slice(0, count);
    gathered = gathered.slice(count);
    clearTimeout(linger);
    due = false;
    linger = gathered.length > 0 ? setTimeout(onDue, lingerMs) : undefined;
    writing = true;
    write(batch).then(() => {
      writing = false;
      channel.ack(batch.at(-1)!, true);
      proceed();
    });
  };
  const onDue = (): void => {
    due = true;
    proceed();
  };
  await channel.consume(queue, message => {
    if (message === null) return;
    if (gathered.push(message) === 1) linger = setTimeout(onDue, lingerMs);
    if (gathered.length >= count) proceed();
  });
  process.stdout.write('ready\n');
}
