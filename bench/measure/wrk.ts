import { spawnSync } from 'node:child_process';
import { Program } from './program.js';

/** What the load sends; each a script of bench/load. */
export type Traffic = 'single' | 'list' | 'paced';

export interface LoadResult {
  readonly requests: number;
  /** Requests a second. */
  readonly rate: number;
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly key?: string | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly traffic: Traffic;
}

/** @throws Error: the load must cost less than what it measures, which nothing written for Node does */
export function requireWrk(): void {
  if (spawnSync('wrk', ['--version']).error !== undefined)
    throw new Error('This benchmark needs wrk for its load: apt-get install wrk');
}

/**
 * One thread of wrk, with one request open on each connection. @throws Error when an answer is not 2xx, or none came
 */
export async function load({ url, key, connections, seconds, traffic }: LoadOptions): Promise<LoadResult> {
  const script = `bench/load/${traffic}.lua`;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency', '-s', script, url];
  const wrk = new Program('wrk', args, key === undefined ? {} : { KEY: key });
  const output = await wrk.output();
  const failures = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(output)?.[0];
  if (failures !== undefined) throw new Error(`wrk: ${failures.trim()}`);
  const [, requests] = /(\d+) requests in/.exec(output) ?? [];
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(output) ?? [];
  if (requests === undefined || rate === undefined) throw new Error(`wrk printed no figures:\n${output}`);
  return { requests: Number(requests), rate: Number(rate), p50: quantile(output, '50'), p99: quantile(output, '99') };
}

/** In ms; wrk writes us, ms or s. */
function quantile(output: string, percent: string): number {
  const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(output) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit ?? ''] ?? Number.NaN);
}
