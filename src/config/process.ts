import { boolean, choice, integer } from '../settings/readers.js';
import { setting } from '../settings/setting.js';

/** How the process behaves, and what it tells. */
export const operationSettings = {
  sendNames: setting(
    'ANALYTICS_SEND_NAMES',
    boolean().default('off'),
    'Send the names of people (`user_name`, `author_name`) to Amplitude and Google Analytics.',
  ),
  shutdownSeconds: setting(
    'SHUTDOWN_SECONDS',
    integer(1, 600).default('25'),
    'How long a stop may take, seconds. Below the patience of the platform (often 30).',
  ),
  deadLetterDays: setting(
    'DEAD_LETTERS_RETENTION_DAYS',
    integer(1, 36_500).default('365'),
    'How long dead letters are kept, days.',
  ),
  deadLetterAlarm: setting(
    'DEAD_LETTERS_ALARM',
    integer(1, 1_000_000_000).default('10000'),
    'More dead letters of one sink than this are an error in the log. None is deleted for it.',
  ),
  level: setting(
    'LOG_LEVEL',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
    'Least severe log lines that are written: trace, debug, info, warn, error, fatal or silent.',
  ),
  pretty: setting('LOG_PRETTY', boolean().optional(), 'Log lines for people instead of JSON. Default: on a terminal.', {
    example: 'on',
  }),
};

export interface DeadLetterConfig {
  readonly retentionMs: number;
  readonly alarm: number;
}

export interface LogConfig {
  readonly level: string;
  /** undefined = when the output is a terminal. */
  readonly pretty: boolean | undefined;
}
