import type { Writable } from 'node:stream';
import { type DestinationStream, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { describe } from './errors.js';
import { mask, redact } from './redact.js';
import { sourceStack } from './source-stack.js';
import { visible } from './visible.js';

/**
 * Structured log. A line is `noun.verbed` with fields: `log.info({ sink, count }, 'batch.written')`; what went wrong is
 * `reason`. One line a batch, never one an event. `error` means: a person should look.
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

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A log whose level can be changed while it runs, for all of its children too. */
export interface AdjustableLog extends Log {
  /** A level, or `silent`. */
  setLevel(level: string): void;
}

export const silentLog: Log = pino({ level: 'silent' });

export interface LogOptions {
  readonly level: string;
  /** For people, in colours, instead of a JSON object a line. */
  readonly pretty: boolean;
  /** Default: the standard output. */
  readonly stream?: Writable;
}

const secretFields = [
  'authorization',
  'Authorization',
  'x-api-key',
  'X-API-Key',
  'cookie',
  'password',
  'token',
  'api_key',
  'apiKey',
  'api_secret',
  'apiSecret',
];

/** Lines are written at once, so that the last one before a crash is there. */
export async function createLog({ level, pretty, stream }: LogOptions): Promise<AdjustableLog> {
  const destination = pretty ? await prettyStream(stream) : stream;
  const lines: Log = destination === undefined ? pino(options()) : pino(options(), destination);
  return new LevelledLog(lines, { least: severity(level) });
}

/** A child of pino's has a level of its own, for ever: these share one. */
class LevelledLog implements AdjustableLog {
  readonly #lines: Log;
  readonly #level: { least: number };

  constructor(lines: Log, level: { least: number }) {
    this.#lines = lines;
    this.#level = level;
  }

  readonly trace = this.#writer('trace');
  readonly debug = this.#writer('debug');
  readonly info = this.#writer('info');
  readonly warn = this.#writer('warn');
  readonly error = this.#writer('error');
  readonly fatal = this.#writer('fatal');

  child(fields: object): Log {
    return new LevelledLog(this.#lines.child(fields), this.#level);
  }

  setLevel(level: string): void {
    this.#level.least = severity(level);
  }

  #writer(level: LogLevel): (fields: object, line: string) => void {
    const own = severity(level);
    return (fields, line) => {
      if (own >= this.#level.least) this.#lines[level](fields, line);
    };
  }
}

function severity(level: string): number {
  return pino.levels.values[level] ?? Number.POSITIVE_INFINITY;
}

function options(): LoggerOptions {
  return {
    level: 'trace',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }), log: fields => visibleIn(fields, 0) as Record<string, unknown> },
    redact: {
      paths: secretFields.flatMap(field => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
      censor: mask,
    },
    serializers: {
      reason: redactReason,
      message: redactValue,
      stack: visibleStack,
      uri: redactValue,
      url: redactValue,
    },
  };
}

const maxDepth = 4;

/**
 * Texts that come from elsewhere must neither act on a terminal nor look like lines of the log. The
 * stack of an error keeps its lines.
 */
function visibleIn(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return visible(value);
  if (typeof value !== 'object' || value === null || value instanceof Error || depth >= maxDepth) return value;
  if (Array.isArray(value)) return value.map(one => visibleIn(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === 'stack' ? one : visibleIn(one, depth + 1)]),
  );
}

/** Each line of a stack begins with four spaces and `at`, and names a source; another one belongs to the message. */
function visibleStack(stack: unknown): unknown {
  if (typeof stack !== 'string') return stack;
  return visible(redact(sourceStack(stack)).replace(/\n(?! {4}at )/g, ' '), { lines: true });
}

/** Loaded only when it is wanted: it costs as much time to load as all the rest of the log. */
async function prettyStream(stream: Writable | undefined): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    sync: true,
    translateTime: 'SYS:HH:MM:ss',
    ...(stream === undefined ? {} : { destination: stream, colorize: false }),
  });
}

function redactValue(value: unknown): unknown {
  return typeof value === 'string' ? redact(value) : value;
}

/** A sentence; an error that was handed over as it is becomes one. */
function redactReason(reason: unknown): unknown {
  return redactValue(reason instanceof Error ? visible(describe(reason)) : reason);
}
