/** What a user needs on RabbitMQ, as the command that gives it. */
export interface Needs {
  /** One of the URIs: its user and its virtual host are shown, its password is not. */
  readonly node: string;
  readonly exchange: string;
  /** Names of queues that a `*_QUEUE` setting gives. */
  readonly adopted: readonly string[];
  /** The exchange where the heartbeats of extractors are heard, if they are. */
  readonly heartbeats?: string | undefined;
  /** The exchange of the traces, if extractions are followed. */
  readonly traces?: string | undefined;
}

/**
 * Declaring takes the configure permission; binding takes write on the queue and read on the exchange; consuming takes
 * read; publishing takes write on the exchange, and `amq.default` stands for the one that dead letters go through.
 * https://www.rabbitmq.com/docs/access-control#authorisation
 */
export function permissionFix(needs: Needs): string {
  return `Give it the permissions that it needs (this replaces those it has): ${permissionCommand(needs)}. The daemon notices by itself.`;
}

export function permissionCommand({ node, exchange, adopted, heartbeats, traces }: Needs): string {
  const user = decodeURIComponent(new URL(node).username) || 'guest';
  const ours = ['event-sink\\.', ...[exchange, ...adopted].map(name => `${escaped(name)}$`)];
  const heard = [heartbeats, traces].filter(name => name !== undefined).map(name => `${escaped(name)}$`);
  const [configure, write, read] = [ours, [...ours, 'amq\\.default$'], [...ours, ...heard]].map(
    names => `'^(${names.join('|')})'`,
  );
  return `rabbitmqctl set_permissions -p ${quoted(hostOf(node))} ${quoted(user)} ${configure} ${write} ${read}`;
}

/** Switches tracing on, which the daemon never does itself. */
export function tracingCommand(node: string): string {
  return `rabbitmqctl trace_on -p ${quoted(hostOf(node))}`;
}

/** Removes a queue, with what waits in it. */
export function removalCommand(node: string, queue: string): string {
  return `rabbitmqctl delete_queue -p ${quoted(hostOf(node))} ${quoted(queue)}`;
}

function hostOf(node: string): string {
  return decodeURIComponent(new URL(node).pathname.slice(1)) || '/';
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
