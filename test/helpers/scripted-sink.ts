import type { Event } from '../../src/events/event.js';
import { defineSink, type SinkDefinition, type WriteResult } from '../../src/sinks/sink.js';

export type Script = (
  events: readonly Event[],
  signal: AbortSignal,
  halt?: AbortSignal,
) => WriteResult | Promise<WriteResult>;

/** A sink that does what its test says, and that watches whether the runner keeps its promises. */
export interface ScriptedSink {
  readonly definition: SinkDefinition;
  /** Replaced by the test at any time. May throw. */
  write: Script;
  probe: () => void | Promise<void>;
  /** Ids of every write, in order. */
  readonly writes: string[][];
  readonly delivered: string[];
  opens: number;
  closes: number;
  probes: number;
  /** Writes that were under way together, at most. */
  mostAtOnce: number;
  readonly broken: string[];
}

/** @param concurrency writes at once that it takes */
export function scriptedSink(write: Script = () => ({}), { concurrency = 1 } = {}): ScriptedSink {
  const sink: ScriptedSink = {
    write,
    probe: () => {},
    writes: [],
    delivered: [],
    opens: 0,
    closes: 0,
    probes: 0,
    mostAtOnce: 0,
    broken: [],
    definition: defineSink({
      name: 'scripted',
      title: 'Scripted',
      prefix: 'SCRIPTED',
      settings: {},
      switchedOnBy: 'nothing',
      configure: () => ({}),
      batch: { count: 100, bytes: 1_000_000, lingerMs: 0 },
      ...(concurrency > 1 && { concurrency }),
      renderer:
        () =>
        ({ id }) => ({ output: { id } }),
      open: async () => {
        sink.opens += 1;
        const state = { busy: 0, closed: false, threw: false };
        const underWay = new Set<string>();
        const guarded = async <T>(call: () => T | Promise<T>, most = 1): Promise<T> => {
          if (state.busy >= most) sink.broken.push(most > 1 ? 'too many calls at once' : 'two calls at once');
          if (state.closed) sink.broken.push('a call after close');
          if (state.threw) sink.broken.push('a call after a throw');
          state.busy += 1;
          sink.mostAtOnce = Math.max(sink.mostAtOnce, state.busy);
          try {
            return await call();
          } catch (error) {
            state.threw = true;
            throw error;
          } finally {
            state.busy -= 1;
          }
        };
        return {
          write: (events, signal, halt) =>
            guarded(async () => {
              if (events.length === 0) sink.broken.push('an empty batch');
              const ids = events.map(({ id }) => id);
              if (ids.some(id => underWay.has(id))) sink.broken.push('an id in two writes at once');
              for (const id of ids) underWay.add(id);
              sink.writes.push(ids);
              const result = await (async () => sink.write(events, signal, halt))().finally(() => {
                for (const id of ids) underWay.delete(id);
              });
              const out = new Set([
                ...(result.rejected ?? []).map(({ index }) => index),
                ...(result.deferred?.indexes ?? []),
              ]);
              sink.delivered.push(...events.filter((_event, index) => !out.has(index)).map(({ id }) => id));
              return result;
            }, concurrency),
          probe: () =>
            guarded(async () => {
              sink.probes += 1;
              await sink.probe();
            }),
          close: async () => {
            if (state.closed) sink.broken.push('closed twice');
            state.closed = true;
            sink.closes += 1;
          },
        };
      },
    }) as unknown as SinkDefinition,
  };
  return sink;
}
