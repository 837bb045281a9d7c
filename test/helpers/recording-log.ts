import type { Log } from '../../src/log.js';

/** A log that keeps its lines for the test to look at. */
export function recordingLog() {
  const lines: { level: string; line: string; fields: Record<string, unknown> }[] = [];
  const at = (level: string) => (fields: object, line: string) => {
    lines.push({ level, line, fields: fields as Record<string, unknown> });
  };
  const log: Log = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: () => log,
  };
  return { log, lines };
}
