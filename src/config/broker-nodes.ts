import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { addressFlaw } from '../settings/addresses.js';
import { refuse } from '../settings/refuse.js';

const form =
  'must be an address such as amqp://user:password@host:5672/vhost, amqps:// with TLS; several nodes are separated by commas';

/**
 * One URI a node. Reads `amqp://u:p@a/v,amqp://u:p@b/v` as well as the short form `amqp://u:p@a:5672,b:5672/v`.
 * What comes out is read in one way by every reader of URLs, and its user, password and virtual host can be
 * percent-decoded.
 */
export function brokerNodes() {
  return z.string().transform((value, context): readonly string[] => {
    const read = readNodes(value);
    return 'flaw' in read ? refuse(context, read.flaw) : read.nodes;
  });
}

const maxHeartbeatSeconds = 600;

function isHeartbeat(seconds: string): boolean {
  return /^\d{1,3}$/.test(seconds) && Number(seconds) >= 1 && Number(seconds) <= maxHeartbeatSeconds;
}

function readNodes(value: string): { readonly nodes: readonly string[] } | { readonly flaw: string } {
  const nodes: string[] = [];
  for (const uri of value.split(/\s*,\s*(?=amqps?:\/\/)/)) {
    // Blanks are allowed between hosts only.
    const tight = uri.replace(/\s*,\s*/g, ',');
    const flaw = /^amqps?:\/\//.test(tight) ? addressFlaw(tight) : form;
    if (flaw !== undefined) return { flaw };
    const [, scheme, user = '', hosts = '', rest = ''] = /^(amqps?:\/\/)([^@/?]*@)?([^@/?]*)(.*)/s.exec(tight) ?? [];
    for (const host of hosts.split(',')) {
      if (isIPv6(host)) return { flaw: 'must have its IPv6 address in brackets, such as amqp://[::1]:5672' };
      const node = `${scheme}${user}${host}${rest}`;
      if (host === '' || !URL.canParse(node) || /:0*$/.test(host)) return { flaw: form };
      if (new URL(node).searchParams.getAll('heartbeat').some(seconds => !isHeartbeat(seconds)))
        return {
          flaw: `must have its heartbeat from 1 to ${maxHeartbeatSeconds} s: without one, a RabbitMQ that hangs would not be noticed`,
        };
      nodes.push(node);
    }
  }
  return { nodes };
}
