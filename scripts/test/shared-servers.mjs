// A RabbitMQ node takes seconds to start, so files that say `// shares: rabbitmq` use one together, each in a virtual
// host of its own (test/helpers/servers/rabbitmq.ts). Started when the first of them runs; files run by hand start
// their own.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const helper = resolve('dist/test/helpers/servers/rabbitmq.js');

export function sharedServers() {
  let starting;
  return {
    /** What a file with this text needs in its environment. */
    async environment(text) {
      if (process.env.RABBITMQ_TEST_URI || !/^\/\/ shares: rabbitmq$/m.test(text) || !existsSync(helper)) return {};
      starting ??= start();
      const node = await starting;
      // Without a node the file asks again, and tells why it skips.
      return 'skip' in node ? {} : { RABBITMQ_TEST_SHARED: node.share() };
    },
    async stop() {
      const node = await starting;
      if (node && 'stop' in node) await node.stop();
    },
  };
}

async function start() {
  const { startRabbitMQ } = await import(pathToFileURL(helper).href);
  return startRabbitMQ().catch(error => ({ skip: String(error) }));
}
