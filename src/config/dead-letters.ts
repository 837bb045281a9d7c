import { days } from '../settings/durations.js';
import { integer } from '../settings/numbers.js';
import { setting, type Values } from '../settings/setting.js';

export const deadLetterSettings = {
  retentionMs: setting(
    'DEAD_LETTERS_RETENTION_DAYS',
    days(1, 36_500).default('365'),
    'How long dead letters are kept, days.',
  ),
  alarm: setting(
    'DEAD_LETTERS_ALARM',
    integer(1, 1_000_000_000).default('10000'),
    'More dead letters of one sink than this are an error in the log. None is deleted for it.',
  ),
};

export type DeadLetterConfig = Values<typeof deadLetterSettings>;
