import type { Message } from './events/message.js';
import type { WriteCall } from './storage/calls.js';
import type { Checkpoints } from './storage/storage.js';

/** Keeps where a source stands, together with the messages that it made on its way there: both or neither. */
export interface SourceStore<Position> {
  load(): Promise<Position | undefined>;
  /**
   * Durable when it resolves, with what `calls` write. Messages that are for some sinks alone go to those of them that
   * are on: they may come from a position that was kept while others were.
   * @throws TransientError when not now; the same commit, with the same list of calls, may be tried again
   */
  commit(messages: readonly Message[], position: Position, calls?: readonly WriteCall[]): Promise<void>;
}

/** Publishes, and runs these operations, in one transaction. */
export type PublishWith = (messages: readonly Message[], calls: readonly WriteCall[]) => Promise<void>;

interface Saved<Position> {
  readonly position: Position;
  /** Written ahead: perhaps published, perhaps not. */
  readonly unpublished: readonly Message[];
}

/**
 * For a broker whose queues are in the same database: one transaction.
 * @param sinks those that are on, of the ones that its messages name
 */
export function atomicStore<Position>(
  key: string,
  checkpoints: Checkpoints,
  publishWith: PublishWith,
  sinks: () => readonly string[] = () => [],
): SourceStore<Position> {
  return store(key, checkpoints, sinks, (messages, position, calls = []) => {
    const value = JSON.stringify({ position, unpublished: [] } satisfies Saved<Position>);
    return publishWith(messages, [['putCheckpoint', { key, value }], ...calls]);
  });
}

/**
 * For a broker elsewhere: the position is written with the messages beside it, then they are published, then they are
 * struck out. After a crash in between they are published once more, under the same ids, so that every sink knows them
 * again.
 */
export function writeAheadStore<Position>(
  key: string,
  checkpoints: Checkpoints,
  publish: (messages: readonly Message[]) => Promise<unknown>,
  sinks: () => readonly string[] = () => [],
): SourceStore<Position> {
  const put = (position: Position, unpublished: readonly Message[], calls: readonly WriteCall[] = []): Promise<void> =>
    checkpoints.put(key, { position, unpublished } satisfies Saved<Position>, calls);
  let called: readonly WriteCall[] | undefined;
  return store(key, checkpoints, sinks, async (messages, position, calls) => {
    // The fields follow from the body.
    const unpublished = messages.map(({ fields, plain, ...message }) => message);
    // The calls may have happened when it was the publishing that failed.
    await put(position, unpublished, calls === called ? [] : calls);
    called = calls;
    if (messages.length === 0) return;
    await publish(messages);
    await put(position, []);
  });
}

/**
 * What was written ahead and may not be published goes out before anything else, also
 * when the broker is another one now.
 */
function store<Position>(
  key: string,
  checkpoints: Checkpoints,
  sinks: () => readonly string[],
  commit: SourceStore<Position>['commit'],
): SourceStore<Position> {
  return {
    commit: (messages, position, calls) => commit(forSinks(messages, sinks()), position, calls),
    load: async () => {
      const saved = await checkpoints.get<Saved<Position>>(key);
      if (saved === undefined) return undefined;
      if (saved.unpublished.length > 0) await commit(forSinks(saved.unpublished, sinks()), saved.position);
      return saved.position;
    },
  };
}

function forSinks(messages: readonly Message[], on: readonly string[]): readonly Message[] {
  if (messages.every(({ sinks }) => sinks === undefined || sinks.every(sink => on.includes(sink)))) return messages;
  return messages.flatMap(message => {
    if (message.sinks === undefined) return message;
    const sinks = message.sinks.filter(sink => on.includes(sink));
    return sinks.length === 0 ? [] : { ...message, sinks };
  });
}
