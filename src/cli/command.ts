import type { AuditTrail } from '../audit/trail.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import type { RunningSettings } from '../config/running.js';
import type { Watchdog } from '../event-loop/watchdog.js';
import type { LivingKeyRing } from '../keys/ring.js';
import type { Log } from '../log.js';
import type { Terminal } from './terminal.js';

/** How the process ends. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly short?: string;
  /** The placeholder of its value in the help. */
  readonly value?: string;
  readonly description: string;
}

/** A command is one file with one constant of this type, and one line in the list of commands. */
export interface Command {
  /** Without the program's name: `send [EVENT | FILE]`. */
  readonly usage: string;
  readonly description: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  /** @returns the exit code; a UsageError that it throws becomes 2, any other error one line and 1 */
  run(invocation: Invocation): Promise<number>;
}

export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Invocation extends CommandContext {
  readonly values: OptionValues;
  readonly operands: readonly string[];
}

/** What a command may use of the process; tests bring their own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signals: Signals;
  loadDaemon(): Promise<StartDaemon>;
  /** Ends the process at once, when it must not go on. */
  exit(code: number): never;
}

/** The signals and faults of the process. */
export interface Signals {
  on(event: string, listener: (reason?: unknown) => void): unknown;
  off(event: string, listener: (reason?: unknown) => void): unknown;
}

export type StartDaemon = (options: {
  readonly settings: RunningSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly keys: LivingKeyRing;
  readonly trail: AuditTrail;
  /** Prints a line for a person at a terminal, and nowhere else. */
  announce(line: string): void;
  readonly watchdog: Watchdog;
  /** Takes over other settings for what lives as long as the process, and returns what that was. */
  readonly onReload: (config: Config) => readonly string[];
}) => Promise<Daemon>;

export interface Daemon {
  readonly address: string;
  /** Shuts down in order, within the deadline. */
  stop(): Promise<void>;
  stopNow(): void;
  /** Reads the settings anew, and what else is read at SIGHUP beside the keys. */
  reload(by: string): void;
  readonly ended: Promise<{ readonly code: number }>;
}

/** The options of every command. `json`: what it prints is for programs, as in a pipe. */
export const commonOptions = {
  help: { type: 'boolean', short: 'h', description: 'show this' },
  json: { type: 'boolean', description: 'print JSON, on a terminal too: one thing a line' },
} as const satisfies Readonly<Record<string, Option>>;

/** The command line is wrong; the message says how to write it right. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(values: OptionValues, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

/** @throws UsageError when it is not a number within the limits */
export function number(values: OptionValues, name: string, min: number, max: number): number | undefined {
  const written = text(values, name);
  if (written === undefined) return undefined;
  const value = Number(written);
  if (written.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a number from ${min} to ${max}, but is "${written}"`);
}
