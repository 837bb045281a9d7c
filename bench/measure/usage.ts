import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** The kernel's unit of the times in /proc, on every Linux that Node runs on: 10 ms. */
const ticksPerSecond = 100;

/** CPU time of a process with all its threads since it began, user and system, ms; a multiple of 10. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

export interface KeyValues {
  /** Resident now, MB (10^6 bytes). */
  readonly rss: number;
  /** The most that it ever was, MB. */
  readonly peak: number;
}

export function memoryOf(pid: number): KeyValues {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Processes that wanted a core in the last minute, on average: what the figures of this run have to be read beside. */
export function load(): number {
  return loadavg()[0] ?? 0;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
