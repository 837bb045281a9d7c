import { setting, type Values } from '../settings/setting.js';
import { boolean, choice } from '../settings/words.js';

export const logSettings = {
  level: setting(
    'LOG_LEVEL',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
    'Least severe log lines that are written: trace, debug, info, warn, error, fatal or silent.',
  ),
  /** undefined = when the output is a terminal. */
  pretty: setting('LOG_PRETTY', boolean().optional(), 'Log lines for people instead of JSON. Default: on a terminal.', {
    example: 'on',
    needsRestart: true,
  }),
};

export type LogConfig = Values<typeof logSettings>;
