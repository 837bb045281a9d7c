import type { Event } from '../../src/events/event.js';
import { defineSink, type SinkDefinition, type WriteResult } from '../../src/sinks/sink.js';

export type Script = (events: readonly Event[], signal: AbortSignal) => WriteResult | Promise<WriteResult>;

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
  readonly broken: string[];
}

export function scriptedSink(write: Script = () => ({})): ScriptedSink {
  const sink: ScriptedSink = {
    write,
    probe: () => {},
    writes: [],
    delivered: [],
    opens: 0,
    closes: 0,
    probes: 0,
    broken: [],
    definition: defineSink({
      name: 'scripted',
      title: 'Scripted',
      prefix: 'SCRIPTED',
      settings: {},
      switchedOnBy: 'nothing',
      configure: () => ({}),
      batch: { count: 100, bytes: 1_000_000, lingerMs: 0 },
      renderer:
        () =>
        ({ id }) => ({ output: { id } }),
      open: async () => {
        sink.opens += 1;
        const state = { busy: false, closed: false, threw: false };
        const guarded = async <T>(call: () => T | Promise<T>): Promise<T> => {
          if (state.busy) sink.broken.push('two calls at once');
          if (state.closed) sink.broken.push('a call after close');
          if (state.threw) sink.broken.push('a call after a throw');
          state.busy = true;
          try {
            return await call();
          } catch (error) {
            state.threw = true;
            throw error;
          } finally {
            state.busy = false;
          }
        };
        return {
          write: (events, signal) =>
            guarded(async () => {
              if (events.length === 0) sink.broken.push('an empty batch');
              sink.writes.push(events.map(({ id }) => id));
              const result = await sink.write(events, signal);
              const out = new Set([
                ...(result.rejected ?? []).map(({ index }) => index),
                ...(result.deferred?.indexes ?? []),
              ]);
              sink.delivered.push(...events.filter((_event, index) => !out.has(index)).map(({ id }) => id));
              return result;
            }),
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
