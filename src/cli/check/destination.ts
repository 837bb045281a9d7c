import type { Clock } from '../../clock.js';
import type { Config, ConfiguredSink } from '../../config/config.js';
import { silentLog } from '../../log.js';
import { Outgoing } from '../../outgoing.js';
import type { SinkTools } from '../../sinks/sink.js';
import type { KeyValues } from '../../storage/key-values.js';
import { type Attempt, NotTried } from './attempt.js';

/** What a sink tries by itself, and what it cannot try. */
export function destination(
  { definition, config, place }: ConfiguredSink,
  { sendNames, proxies }: Pick<Config, 'sendNames' | 'proxies'>,
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
        events: { insert: async () => 0 },
        outgoing: new Outgoing(proxies),
        sendNames,
      };
      const session = await (check?.open ?? definition.open)(config, tools);
      try {
        await session.probe(signal);
        return 'ready for events';
      } finally {
        await session.close();
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
