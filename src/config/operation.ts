import { setting } from '../settings.js';
import { boolean, choice, integer } from './schemas.js';

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
  level: setting(
    'LOG_LEVEL',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
    'Least severe log lines that are written: trace, debug, info, warn, error, fatal or silent.',
  ),
  pretty: setting('LOG_PRETTY', boolean().optional(), 'Log lines for people instead of JSON. Default: on a terminal.', {
    example: 'on',
  }),
};

export interface LogConfig {
  readonly level: string;
  /** undefined = when the output is a terminal. */
  readonly pretty: boolean | undefined;
}
