import type { Clock } from '../../clock.js';
import type { Config, ConfiguredSink } from '../../config/config.js';
import { SetupError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { silentLog } from '../../log.js';
import { Outgoing } from '../../outgoing.js';
import type { SinkDefinition, SinkSession, SinkTools } from '../../sinks/sink.js';
import type { KeyValues } from '../../storage/key-values.js';
import { type Attempt, NotTried, WrongError } from './attempt.js';

/** What is opened to be tried can be asked; only what is opened as usual can be written to. */
type Session = Pick<SinkSession, 'probe' | 'close'>;

/** What a sink tries by itself, and what it cannot try. */
export function destination(sink: ConfiguredSink, around: Pick<Config, 'proxies'>, clock: Clock): Attempt[] {
  const { check } = sink.definition;
  const probe = attempt(sink, around, clock, {
    tried: check?.tries ?? 'connect, and ask whether a write would do',
    open: check?.open ?? sink.definition.open,
    use: async (session, signal) => {
      await session.probe(signal);
      return 'ready for events';
    },
  });
  const untried = check?.untried?.map(({ what, because }) => ({
    ...probe,
    tried: what,
    fix: '',
    run: () => Promise.reject(new NotTried(because)),
  }));
  return [probe, ...(untried ?? [])];
}

/** Sends one notification through a channel, as the daemon would. */
export function testMessage(
  sink: ConfiguredSink,
  around: Pick<Config, 'proxies'>,
  clock: Clock,
  event: Event,
): Attempt {
  return attempt(sink, around, clock, {
    tried: 'send a test message',
    open: sink.definition.open,
    use: async (session, signal) => {
      const { rejected = [] } = await session.write([event], signal);
      if (rejected[0] !== undefined) throw new Error(rejected[0].reason);
      return 'it has the message';
    },
  });
}

/** One use of a session that is opened for it. */
function attempt<Opened extends Session>(
  { definition, config, place }: ConfiguredSink,
  { proxies }: Pick<Config, 'proxies'>,
  clock: Clock,
  {
    tried,
    open,
    use,
  }: {
    readonly tried: string;
    open(config: unknown, tools: SinkTools): Promise<Opened>;
    use(session: Opened, signal: AbortSignal): Promise<string>;
  },
): Attempt {
  const { title, check } = definition;
  const setting = check?.setting(config) ?? definition.switchedOnBy;
  return {
    dependency: title,
    tried,
    setting,
    fix: check?.reach ?? `start it, or correct ${place}: it must be reachable from this machine`,
    run: async signal => {
      const tools: SinkTools = {
        name: definition.name,
        log: silentLog,
        clock,
        keyValues: temporaryKeyValues(),
        events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
        usage: { fold: async () => 0 },
        notifications: { add: async () => 0 },
        idSecret: '',
        outgoing: new Outgoing(proxies),
      };
      try {
        const session = await open(config, tools);
        try {
          return await use(session, signal);
        } finally {
          await session.close();
        }
      } catch (error) {
        throw error instanceof SetupError ? blaming(namesIn(error.message, definition) || setting, error) : error;
      }
    },
  };
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
