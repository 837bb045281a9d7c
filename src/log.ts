import { pino } from 'pino';

/**
 * Structured log. A line is `noun.verbed` with fields: `log.info({ sink, count }, 'batch.written')`.
 * One line a batch, never one an event. `error` means: a person should look.
 */
export interface Log {
  trace(fields: object, line: string): void;
  debug(fields: object, line: string): void;
  info(fields: object, line: string): void;
  warn(fields: object, line: string): void;
  error(fields: object, line: string): void;
  fatal(fields: object, line: string): void;
  child(fields: object): Log;
}

export const silentLog: Log = pino({ level: 'silent' });
