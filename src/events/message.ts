/**
 * Where an event came in. `clowder` = a message that somebody else published to the exchange; `browser` = the page of a
 * browser, over Amplitude's wire; `replay` and `import` = recorded earlier, sent to every sink or to some; `usage` =
 * what the counts of usage ask for.
 */
export const sources = [
  'clowder',
  'http',
  'browser',
  'nginx',
  'health',
  'heartbeat',
  'extraction',
  'replay',
  'import',
  'audit',
  'problem',
  'notification',
  'usage',
] as const;
export type Source = (typeof sources)[number];

const withoutSay: ReadonlySet<Source> = new Set(['browser', 'replay', 'import']);

/**
 * Whether an event can change what the daemon does or reports: one that is replayed or imported is history, and one of
 * a page may be anybody's, because its key is there for anybody to read.
 */
export function isLive(source: Source): boolean {
  return !withoutSay.has(source);
}

/** What travels through a queue. */
export interface Message {
  /** 1 to 128 printable ASCII characters. */
  readonly id: string;
  /** The event as JSON text, exactly as published; bytes that are not UTF-8 show as U+FFFD. */
  readonly body: string;
  /**
   * What the body says, where it was parsed or made in this process: whoever decodes the message need not parse it
   * again.
   */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** They were made here: flat, few, and a double holds each number of the body. So nobody has to look. */
  readonly plain?: true;
  readonly source: Source;
  /** Names of the sinks that it is for, and no other gets it; undefined = every sink. */
  readonly sinks?: readonly string[];
  /** When this daemon, or another of ours, first had it; epoch ms. */
  readonly received: number;
  /** Set when the id came from outside: then the same id on another text is a conflict. */
  readonly given?: GivenId;
  /**
   * Set on the first message of a request that came with an Idempotency-Key: the same key on another request is a
   * conflict.
   */
  readonly request?: GivenRequest;
  /** The broker's own timestamp of a foreign message, epoch ms. */
  readonly timestamp?: number;
}

export function isFor({ sinks }: Pick<Message, 'sinks'>, sink: string): boolean {
  return sinks === undefined || sinks.includes(sink);
}

/** What is remembered of an id that a client gave, for a day. */
export interface GivenId {
  /** Hash of the item's text as it was sent. */
  readonly hash: string;
  /** The `created` that was added here because the text has none, epoch ms. */
  readonly stamped?: number;
}

/** What is remembered of an Idempotency-Key, as long as of an id. */
export interface GivenRequest {
  readonly key: string;
  /** Hash of the texts of its items, in their order, and of whether it was a list. */
  readonly hash: string;
}
