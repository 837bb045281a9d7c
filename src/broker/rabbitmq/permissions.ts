/** What a user needs on RabbitMQ, as the command that gives it. */
export interface Needs {
  /** One of the URIs: its user and its virtual host are shown, its password is not. */
  readonly node: string;
  readonly exchange: string;
  /** Names of queues that a `*_QUEUE` setting gives. */
  readonly adopted: readonly string[];
  /** The exchange where the heartbeats of extractors are heard, if they are. */
  readonly heartbeats?: string | undefined;
}

/**
 * Declaring takes the configure permission; binding takes write on the queue and read on the exchange; consuming takes
 * read; publishing takes write on the exchange, and `amq.default` stands for the one that dead letters go through.
 * https://www.rabbitmq.com/docs/access-control#authorisation
 */
export function permissionFix(needs: Needs): string {
  return `Give it the permissions that it needs (this replaces those it has): ${permissionCommand(needs)}. The daemon notices by itself.`;
}

export function permissionCommand({ node, exchange, adopted, heartbeats }: Needs): string {
  const { username, pathname } = new URL(node);
  const user = decodeURIComponent(username) || 'guest';
  const host = decodeURIComponent(pathname.slice(1)) || '/';
  const ours = ['event-sink\\.', ...[exchange, ...adopted].map(name => `${escaped(name)}$`)];
  const heard = heartbeats === undefined ? [] : [`${escaped(heartbeats)}$`];
  const [configure, write, read] = [ours, [...ours, 'amq\\.default$'], [...ours, ...heard]].map(
    names => `'^(${names.join('|')})'`,
  );
  return `rabbitmqctl set_permissions -p ${quoted(host)} ${quoted(user)} ${configure} ${write} ${read}`;
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
