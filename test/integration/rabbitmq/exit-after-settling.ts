import { openAmqp } from '../../broker/rabbitmq/harness.js';

// A process that settles a thousand messages in one go, closes its broker and leaves at once.
const [uri = '', queue = ''] = process.argv.slice(2);
const definition = JSON.parse(queue);
const harness = await openAmqp({ uri, exchange: 'exit.events', keep: true }, [definition]);
const subscription = await harness.broker.subscribe(definition.sink, 1_000);
const { signal } = new AbortController();
let left = 1_000;
while (left > 0) {
  const done = await subscription.next({ count: 1_000, bytes: 10_000_000, lingerMs: 100 }, signal);
  left -= done.length;
  // In reverse order, one by one, so that no acknowledgement covers another.
  for (const delivery of [...done].reverse())
    await subscription.settle({ done: [delivery], duplicates: 0, filtered: 0, dead: [] });
}
await harness.close();
process.exit(0);
