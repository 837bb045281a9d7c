import type { UsageSource } from './access.js';

export interface UsageConfig {
  /** `auto`: only where there is something to count from. */
  readonly mode: 'auto' | 'on';
  /** Undefined until it is known what this daemon reads. */
  readonly source: UsageSource | undefined;
  /** What this daemon hears of accesses from, as it is configured. */
  readonly heard?: readonly UsageSource[];
  /** Path of a list of robots; undefined = the list that comes with the daemon. */
  readonly robotsFile: string | undefined;
  /** From the end of a month until it is closed, ms. */
  readonly closeMs: number;
  /** What the reports say of the repository; undefined = blank. */
  readonly platform: string | undefined;
  readonly publisher: string | undefined;
  readonly publisherId: string | undefined;
  /** Where Clowder is, for the addresses of datasets; undefined = not known. */
  readonly clowderUrl?: string | undefined;
  /** Everybody may see the figures of single datasets. */
  readonly isPublic: boolean;
}
