import type { Clock } from '../clock.js';
import type { RunningSettings } from './running.js';

/**
 * Read this often, and not watched: a watch does not see a file that is replaced behind a link, as Kubernetes does, ms.
 * They are a few small files.
 */
const intervalMs = 1_000;

export interface SettingsWatchOptions {
  readonly settings: Pick<RunningSettings, 'changedFiles'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
}

/**
 * Calls back when a file of settings says something else than when it was read: the YAML file, or that of a secret. An
 * editor empties a file before it fills it, so a change counts once it is the same from one look to the next. Resolves
 * when the signal aborts.
 */
export async function watchSettings({ settings, clock, signal, onChange }: SettingsWatchOptions): Promise<void> {
  let seen: string | undefined;
  while (!signal.aborted) {
    await clock.sleep(intervalMs, signal);
    if (signal.aborted) return;
    const changed = settings.changedFiles();
    if (changed !== undefined && changed === seen) onChange();
    seen = changed;
  }
}
