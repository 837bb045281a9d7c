import { randomUUID } from 'node:crypto';
import type { Receipt } from '../../openapi/api-types.js';
import { Batcher } from './batches.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { eventsOf, textOperand, withId } from './events.js';

export const send: Command = {
  usage: 'send [EVENT | FILE | -] [--url URL]',
  description:
    'Sends one event given as an argument, or any number from a file or standard input, as JSON (an object or an array) or NDJSON.\nAn event without an id gets one, so what the daemon cannot take yet is sent again safely: an event that arrives twice counts once.',
  options: clientOptions,
  examples: [
    `event-sink send '{"category":"upload","resource_name":"scan.tif","size":1024}'`,
    'event-sink send events.json',
    'jq -c .events[] export.json | event-sink send --url https://sink.example.org',
  ],
  async run(invocation) {
    const { terminal } = invocation;
    const { text, name } = await textOperand('send', invocation);
    const events = eventsOf(text, name);
    if (events.length === 0) throw new UsageError(`there is no event in ${name}`);
    const batcher = new Batcher(clientFor(invocation));
    let last: Receipt | undefined;
    const sent = (receipt: Receipt | undefined): void => {
      if (receipt === undefined) return;
      last = receipt;
      if (!terminal.outIsTerminal) terminal.out(JSON.stringify(receipt));
    };
    for (const event of events) sent(await batcher.add(withId(event, () => randomUUID())));
    sent(await batcher.flush());
    if (terminal.outIsTerminal) terminal.out(summary(batcher, last));
    return exitCodes.ok;
  },
};

function summary({ accepted, duplicates }: Batcher, last: Receipt | undefined): string {
  const repeated = duplicates === 0 ? '' : `, ${duplicates} repeated`;
  const id = accepted === 1 && last !== undefined ? ` as ${last.ids[0]}` : '';
  return `${accepted} ${accepted === 1 ? 'event' : 'events'} accepted${id}${repeated} (durable: ${last?.durability})`;
}
