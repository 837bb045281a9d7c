import { parseEntries } from '../keys/entries.js';
import type { KeySource } from '../keys/keys.js';
import type { ReadFile } from '../settings/reading.js';
import { type UsageSource, usageSources } from '../usage/access.js';
import type { UsageConfig } from '../usage/config.js';
import type { Config } from './config.js';
import type { ConfiguredSink } from './sinks.js';

interface SettledBy extends Pick<Config, 'broker' | 'nginx' | 'keys'> {
  readonly readFile: ReadFile;
}

/**
 * The sinks with the one that counts usage as it is meant: its source from what this daemon reads, and with
 * `USAGE=auto` only where there are views and downloads, and a store that lasts.
 */
export function settleUsage(sinks: readonly ConfiguredSink[], around: SettledBy): readonly ConfiguredSink[] {
  const { broker, nginx } = around;
  const hasStore = sinks.some(({ definition }) => definition.keepsEvents);
  return sinks.flatMap(sink => {
    if (sink.definition.name !== 'usage') return [sink];
    const config = sink.config as UsageConfig;
    const heard = usageSources.filter(
      source =>
        (source === 'nginx' && nginx.files.length > 0) ||
        (source === 'clowder' && broker.nodes.length > 0) ||
        (source === 'browser' && hasBrowserKey(around)),
    );
    const [found] = heard;
    if (config.mode === 'auto' && (found === undefined || !hasStore)) return [];
    return [{ ...sink, config: { ...config, heard, source: config.source ?? found ?? 'clowder' } }];
  });
}

/** The sink that counts usage, where it does so from this source. */
export function usageSinkOf(sinks: readonly ConfiguredSink[], source: UsageSource): string | undefined {
  const sink = sinks.find(({ definition }) => definition.name === 'usage');
  return (sink?.config as UsageConfig | undefined)?.source === source ? sink?.definition.name : undefined;
}

export function usageConfigOf(sinks: readonly ConfiguredSink[], clowder: Config['clowder']): UsageConfig | undefined {
  const config = sinks.find(({ definition }) => definition.name === 'usage')?.config as UsageConfig | undefined;
  return config === undefined ? undefined : { ...config, clowderUrl: clowder?.url };
}

function hasBrowserKey({ keys, readFile }: Pick<SettledBy, 'readFile'> & { readonly keys: KeySource }): boolean {
  const texts = [keys.entries, keys.file === undefined ? undefined : readIfThere(keys.file, readFile)];
  return texts.some(
    text => text !== undefined && parseEntries(text).entries.some(({ scopes }) => scopes.includes('collect')),
  );
}

/** One that cannot be read is a problem of API_KEYS_FILE already. */
function readIfThere(file: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(file);
  } catch {
    return undefined;
  }
}
