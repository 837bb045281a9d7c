import type { ArchiveConfig } from '../sinks/archive/open-store.js';
import { archiveSink } from '../sinks/archive.js';
import type { ConfiguredSink } from './sinks.js';

export interface ConfiguredArchive {
  /** `archive`, or one under a name of its own: `archive.cold` */
  readonly name: string;
  readonly config: ArchiveConfig;
}

/** The archives among the sinks. */
export function archivesOf(sinks: readonly ConfiguredSink[]): readonly ConfiguredArchive[] {
  return sinks
    .filter(({ definition: { name } }) => isArchiveName(name))
    .map(({ definition, config }) => ({ name: definition.name, config: config as ArchiveConfig }));
}

export function isArchiveName(name: string): boolean {
  return name === archiveSink.name || name.startsWith(`${archiveSink.name}.`);
}
