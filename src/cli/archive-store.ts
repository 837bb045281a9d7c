import { archivesOf, type ConfiguredArchive } from '../config/archive.js';
import type { Config } from '../config/config.js';
import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { Outgoing } from '../outgoing.js';
import { problemReport } from '../settings/problems.js';
import { openStore } from '../sinks/archive/open-store.js';
import type { ArchiveStore } from '../sinks/archive/store.js';
import { type Invocation, UsageError } from './command.js';

/**
 * The archive of the daemon's settings; where there are several, the one of this name.
 * @throws UsageError
 */
export function archiveStore(
  { env, clock }: Pick<Invocation, 'env' | 'clock'>,
  name: string | undefined,
): ArchiveStore {
  const loaded = loadConfig({ env, readFile });
  if ('problems' in loaded) throw new UsageError(problemReport(loaded.problems));
  const { config } = loaded;
  const { config: archived } = chosen(config, name);
  return openStore(archived, { outgoing: new Outgoing(config.proxies), clock });
}

function chosen({ sinks }: Pick<Config, 'sinks'>, name: string | undefined): ConfiguredArchive {
  const all = archivesOf(sinks);
  const names = all.map(one => one.name).join(', ');
  if (all.length === 0) throw new UsageError('there is no archive here: set ARCHIVE_URL');
  const [first, ...others] = name === undefined ? all : all.filter(one => one.name === name);
  if (first === undefined) throw new UsageError(`--archive must be one of ${names}, but is "${name}"`);
  if (others.length > 0) throw new UsageError(`there are several archives, ${names}: say which with --archive`);
  return first;
}
