import type { Clock } from '../../clock.js';
import type { Config, ConfiguredSink } from '../../config/config.js';
import { SetupError } from '../../errors.js';
import { silentLog } from '../../log.js';
import { Outgoing } from '../../outgoing.js';
import type { SinkDefinition, SinkTools } from '../../sinks/sink.js';
import type { KeyValues } from '../../storage/key-values.js';
import { type Attempt, NotTried, WrongError } from './attempt.js';

/** What a sink tries by itself, and what it cannot try. */
export function destination(
  { definition, config, place }: ConfiguredSink,
  { proxies }: Pick<Config, 'proxies'>,
  clock: Clock,
): Attempt[] {
  const { title, check } = definition;
  const setting = check?.setting(config) ?? definition.switchedOnBy;
  const common = { dependency: title, setting };
  const reach = check?.reach ?? `start it, or correct ${place}: it must be reachable from this machine`;
  const probe: Attempt = {
    ...common,
    tried: check?.tries ?? 'connect, and ask whether a write would do',
    fix: reach,
    run: async signal => {
      const tools: SinkTools = {
        log: silentLog,
        clock,
        keyValues: temporaryKeyValues(),
        events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
        usage: { fold: async () => 0 },
        idSecret: '',
        outgoing: new Outgoing(proxies),
      };
      try {
        const session = await (check?.open ?? definition.open)(config, tools);
        try {
          await session.probe(signal);
          return 'ready for events';
        } finally {
          await session.close();
        }
      } catch (error) {
        throw error instanceof SetupError ? blaming(namesIn(error.message, definition) || setting, error) : error;
      }
    },
  };
  const untried = check?.untried?.map(({ what, because }) => ({
    ...common,
    tried: what,
    fix: '',
    run: () => Promise.reject(new NotTried(because)),
  }));
  return [probe, ...(untried ?? [])];
}

/** The message says what to do. */
function blaming(setting: string, { message }: SetupError): WrongError {
  return new WrongError(message, { setting, fix: '' });
}

/** The sink's settings that a sentence names: `A, B and C`; empty when it names none. */
function namesIn(message: string, { settings }: SinkDefinition): string {
  // `INFLUXDB_URL`, and `sinks[1].url` for one under a name of its own.
  const words: readonly string[] = message.match(/\w+(?:[[\].]+\w+)*/g) ?? [];
  const names = Object.values(settings)
    .map(({ name }) => ({ name, at: words.indexOf(name) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** What a sink remembers while it is tried is forgotten with it. */
function temporaryKeyValues(): KeyValues {
  const kept = new Map<string, string>();
  return {
    get: async keys => new Map(keys.flatMap(key => (kept.has(key) ? [[key, kept.get(key) ?? '']] : []))),
    put: async entries => {
      for (const [key, value] of entries) kept.set(key, value);
    },
  };
}
