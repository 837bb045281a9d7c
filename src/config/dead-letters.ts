import { days } from '../settings/durations.js';
import { integer, mebibytes } from '../settings/numbers.js';
import { setting, type Values } from '../settings/setting.js';

export const deadLetterSettings = {
  retentionMs: setting(
    'DEAD_LETTERS_RETENTION_DAYS',
    days(1, 36_500).default('365'),
    'How long dead letters are kept, days.',
  ),
  maxBytes: setting(
    'DEAD_LETTERS_MAX_MB',
    mebibytes(1, 1_048_576).default('2048'),
    'Most disk space, MiB, for the dead letters of one sink in the embedded broker. Beyond it that sink holds until somebody has looked at them; none is deleted.',
  ),
  alarm: setting(
    'DEAD_LETTERS_ALARM',
    integer(1, 1_000_000_000).default('10000'),
    'More dead letters of one sink than this are an error in the log. None is deleted for it.',
  ),
};

export type DeadLetterConfig = Values<typeof deadLetterSettings>;
