import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../helpers/random.js';
import type { AnswerFault } from './answers.js';
import type { Destination } from './destinations.js';
import { grouped } from './grouped.js';
import type { Installation } from './installation.js';
import { proxyMode } from './network.js';
import type { Stroke } from './plan.js';

export interface Striker {
  readonly installation: Installation;
  readonly random: Random;
  readonly print: (line: string) => void;
}

const minuteMs = 60_000;

/**
 * Carries out the plan: the lines of all targets at once, each of them in its order. Resolves when
 * the last fault has begun and ended.
 */
export async function strike(strokes: readonly Stroke[], striker: Striker): Promise<void> {
  const began = performance.now();
  const lines = grouped(strokes, ({ target }) => target);
  await Promise.all(
    [...lines.values()].map(async line => {
      for (const stroke of line) {
        await sleep(Math.max(0, began + stroke.at - performance.now()));
        const at = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
        striker.print(`${at} s  ${stroke.target}: ${stroke.fault}, ${(stroke.lasts / 1000).toFixed(1)} s`);
        await suffer(stroke, striker);
      }
    }),
  );
}

/** From the beginning of the fault to its end. */
async function suffer({ target, fault, lasts }: Stroke, { installation, random }: Striker): Promise<void> {
  const { destinations, daemons, broker } = installation;
  const destination = destinations.find(({ sink }) => sink === target);
  if (destination !== undefined) return atDestination(destination, fault, lasts, random);
  switch (target) {
    case 'disk':
      return atDisk(fault, lasts, installation);
    case 'clock':
      return atClock(fault, installation, random);
    case 'log':
      return installation.log?.suffer(fault, random);
    case 'queues': {
      const sink = fault.slice('purge '.length);
      const count = (await broker?.purge(`event-sink.${sink}`)) ?? 0;
      installation.purged.set(sink, (installation.purged.get(sink) ?? 0) + count);
      return;
    }
    case 'broker':
    case 'way to the broker':
      return broker?.suffer(fault, lasts, random);
    case 'second daemon':
      return daemons[1]?.suffer(fault, lasts);
    default:
      return daemons[0].suffer(fault, lasts);
  }
}

async function atDestination(destination: Destination, fault: string, lasts: number, random: Random): Promise<void> {
  const answer = /^answers: (.+)$/.exec(fault)?.[1];
  if (answer !== undefined) {
    destination.answers(answer as AnswerFault, random);
    await sleep(lasts);
    return destination.answers(undefined, random);
  }
  await destination.proxy.set(proxyMode(fault, random));
  await sleep(lasts);
  await destination.proxy.set('pass');
}

async function atDisk(fault: string, lasts: number, installation: Installation): Promise<void> {
  const { disk } = installation;
  installation.diskFull = true;
  disk?.fill(fault === 'full' ? 0 : 512 * 1024);
  await sleep(lasts);
  disk?.free();
  installation.diskFull = false;
}

/**
 * Mostly neither so far back that an event of now is in the future for Google Analytics, nor so far ahead that it is
 * three days old. Many days are more than the local store keeps: a jump may not make it delete anything.
 */
async function atClock(fault: string, { clock }: Installation, random: Random): Promise<void> {
  const far = 40 * 24 * 60;
  const offsets = { ahead: random.between(1, 120), back: -random.between(0.1, 8), '40 days ahead': far };
  const offset = { ...offsets, '40 days back': -far, right: 0 }[fault] ?? 0;
  clock?.set(offset * minuteMs);
}
