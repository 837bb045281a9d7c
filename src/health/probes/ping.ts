import { type ExecFileException, execFile } from 'node:child_process';
import { nameServersAnswer } from '../name-servers.js';
import { limitHereOf } from '../reasons.js';
import type { Outcome, Run, SamplingLimits } from '../sample.js';
import { isHost, withoutBrackets } from './host.js';
import { defineProbe } from './probe.js';

interface PingAddress {
  /** An IPv6 address without brackets. */
  readonly host: string;
}

export const pingProbe = defineProbe({
  kind: 'ping',
  schemes: ['ping'],
  form: 'ping:HOST',
  does: 'the system’s `ping` (Debian: `iputils-ping`), five packets by default, one a second',
  samples: { default: 5, max: 100 },
  parse,
  show: ({ host }) => `ping:${host}`,
  run: (check, limits) => pingRun(check, limits),
});

function parse(address: string): PingAddress | string {
  const host = withoutBrackets(address.slice('ping:'.length).replace(/^\/\//, ''));
  return isHost(host) ? { host } : 'must name a host or an IP address, as ping:HOST';
}

/** Numbers and words of ping in English, whatever the language of the system; nothing else of our environment. */
const environment = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
const maxOutput = 256 * 1024;

/**
 * The system's ping (iputils or BusyBox), run as a program, without a shell: one packet a second.
 * The timeout is that of the whole run.
 */
export function pingRun({ host }: PingAddress, { samples, timeoutMs }: SamplingLimits, program = 'ping'): Run {
  const lastWait = Math.max(1, Math.floor(timeoutMs / 1000) - (samples - 1));
  const args = ['-n', '-c', String(samples), '-W', String(lastWait), host];
  const timeout = Math.max(timeoutMs, (samples - 1 + lastWait) * 1000 + 500);
  return signal =>
    new Promise<Outcome>(resolve => {
      const options = { env: environment, timeout, killSignal: 'SIGKILL', maxBuffer: maxOutput, signal } as const;
      execFile(program, args, options, async (error, stdout, stderr) => {
        const outcome = readPing({ error, stdout, stderr, samples, timeout });
        const unresolved = /Temporary failure in name resolution|Try again/.test(stderr);
        resolve(unresolved && !(await nameServersAnswer(host)) ? { ...outcome, unknown: samples } : outcome);
      });
    });
}

interface PingResult {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly samples: number;
  readonly timeout: number;
}

/** Exit 0: answers came; 1: none; 2 and others: not even sent (the name is not known, say). */
export function readPing({ error, stdout, stderr, samples, timeout }: PingResult): Outcome {
  const [, sent, received] = /(\d{1,9}) packets transmitted, (\d{1,9})(?: packets)? received/.exec(stdout) ?? [];
  if (sent === undefined || received === undefined) {
    const limit = limitHere(error, stderr);
    if (limit !== undefined) return { ...failed(samples, `not checked: ${limit}`), unknown: samples };
    return failed(samples, whyNot({ error, stderr, timeout }));
  }
  const counted = { sent: Math.max(1, Number(sent)), good: Math.min(Number(received), Number(sent)), readings: {} };
  const [, min, average, max] =
    /min\/avg\/max\S{0,20} = ([\d.]{1,20})\/([\d.]{1,20})\/([\d.]{1,20})/.exec(stdout) ?? [];
  const lost = counted.sent - counted.good;
  return {
    ...counted,
    times: average === undefined ? undefined : { average: milli(average), min: milli(min), max: milli(max) },
    reason: lost === 0 ? undefined : `${lost} of ${counted.sent} pings were not answered`,
  };
}

/** What keeps ping from being tried here, and says nothing about the host. */
function limitHere(error: ExecFileException | null, stderr: string): string | undefined {
  if (error?.code === 'ENOENT') return 'the program ping is not installed here (Debian: apt-get install iputils-ping)';
  if (error?.code === 'EACCES') return 'the program ping may not be run here';
  if (/socket\b/.test(stderr) && /not permitted|denied|lacking privilege/i.test(stderr))
    return 'this user may not send pings here';
  return error === null ? undefined : limitHereOf(error);
}

function whyNot({ error, stderr, timeout }: Pick<PingResult, 'error' | 'stderr' | 'timeout'>): string {
  if (error?.killed) return `ping did not end within ${timeout / 1000} s`;
  const said = stderr
    .split('\n')
    .find(line => line.trim() !== '')
    ?.replace(/^ping6?: /, '')
    .trim();
  if (said !== undefined && /not known|unknown host|bad address|resolution|No address/i.test(said))
    return `DNS failure: ${said}`;
  return said ?? `ping failed${error === null ? '' : ` (${error.code ?? error.message})`}`;
}

function failed(sent: number, reason: string): Outcome {
  return { sent, good: 0, times: undefined, readings: {}, reason };
}

function milli(text: string | undefined): number {
  return Math.round(Number(text) * 1000) / 1e6;
}
