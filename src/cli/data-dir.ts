import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { problemReport } from '../settings/problems.js';
import type { CommandContext } from './command.js';
import type { Terminal } from './terminal.js';

/** DATA_DIR of these settings; undefined when they are wrong, which is then said. */
export function readDataDir(env: CommandContext['env'], terminal: Terminal): string | undefined {
  const loaded = loadConfig({ env, readFile });
  if ('config' in loaded) return loaded.config.server.dataDir;
  terminal.err(problemReport(loaded.problems));
  return undefined;
}
