import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/helpers/wait.js';
import type { Backlog } from './backlog.js';
import { cpuMs, memoryOf } from './usage.js';

/** A consumer of the queue, of whichever kind: ready to consume. */
export interface Subject {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  end(): Promise<unknown>;
}

export interface Delivered {
  /** Events a second, from queue to destination and acknowledged. */
  readonly rate: number;
  /** Time of the consumer, all its threads, µs an event. */
  readonly cpu: number;
  /** MB */
  readonly peak: number;
}

/**
 * Measures a consumer that is warm, on a backlog that stands ready: it is stopped while the queue is filled, so that
 * nothing else works while it does, and neither its start nor its wait for more is counted.
 */
export async function deliver(
  subject: Subject,
  backlog: Backlog,
  { queue, warmUp, events, arrived }: { queue: string; warmUp: number; events: number; arrived: () => Promise<number> },
): Promise<Delivered> {
  const delivered = async (count: number): Promise<void> => {
    await backlog.handedOut(queue);
    await until(async () => (await arrived()) >= count, `${count} events at their destination`, 300_000, 50);
  };
  await backlog.publish(warmUp);
  await delivered(warmUp);
  await sleep(500);
  process.kill(subject.pid, 'SIGSTOP');
  await backlog.publish(events);
  const cpu = cpuMs(subject.pid);
  const began = performance.now();
  process.kill(subject.pid, 'SIGCONT');
  await delivered(warmUp + events);
  const seconds = (performance.now() - began) / 1000;
  // The last acknowledgement comes after the last event has arrived.
  await sleep(500);
  const spent = cpuMs(subject.pid) - cpu;
  return { rate: events / seconds, cpu: (spent * 1000) / events, peak: memoryOf(subject.pid).peak };
}
