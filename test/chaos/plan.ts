import type { Random } from '../helpers/random.js';
import { logFaults } from './access-log.js';
import { answerFaults } from './answers.js';
import { networkFaults } from './network.js';

/** One fault: where, what, when it begins and how long it lasts (ms). */
export interface Stroke {
  readonly target: string;
  readonly fault: string;
  readonly at: number;
  readonly lasts: number;
}

/** What can go wrong in this run. */
export interface Scope {
  readonly destinations: readonly string[];
  readonly rabbitmq: boolean;
  /** One or two. */
  readonly daemons: number;
  /** DATA_DIR is on a small disk. */
  readonly disk: boolean;
  /** The daemon's wall clock can be moved. */
  readonly clock: boolean;
  /** By many days, too. */
  readonly farClock: boolean;
  /** The daemon reads an access log. */
  readonly log: boolean;
}

/** A good deal of what can happen to the way to a destination, or to what it answers. */
const destinationFaults = [...networkFaults, ...answerFaults.map(fault => `answers: ${fault}`)];
const daemonFaults = ['kill -9', 'kill -9', 'SIGTERM', 'freeze'];

/** The whole run, drawn from the seed: every target has its own line of faults, so that several of them meet. */
export function plan(random: Random, durationMs: number, scope: Scope): Stroke[] {
  const line = (
    target: string,
    faults: readonly string[],
    gap: [number, number],
    lasts: [number, number],
  ): Stroke[] => {
    const draw = random.fork(target);
    const strokes: Stroke[] = [];
    for (let at = draw.between(0.2, 1) * gap[1]; at < durationMs; ) {
      const stroke = { target, fault: draw.pick(faults), at, lasts: draw.between(...lasts) };
      strokes.push(stroke);
      at += stroke.lasts + draw.between(...gap);
    }
    return strokes;
  };
  const strokes = scope.destinations.flatMap(sink => line(sink, destinationFaults, [500, 5_000], [300, 4_000]));
  strokes.push(...line('daemon', daemonFaults, [1_500, 6_000], [100, 2_000]));
  if (scope.daemons > 1) strokes.push(...line('second daemon', daemonFaults, [1_500, 6_000], [100, 3_000]));
  if (scope.disk) strokes.push(...line('disk', ['full', 'nearly full'], [3_000, 8_000], [500, 4_000]));
  const jumps = ['ahead', 'back', 'right', ...(scope.farClock ? ['40 days ahead', '40 days back'] : [])];
  if (scope.clock) strokes.push(...line('clock', jumps, [3_000, 8_000], [0, 0]));
  if (scope.log) strokes.push(...line('log', logFaults, [1_000, 4_000], [0, 0]));
  if (scope.rabbitmq) {
    strokes.push(...line('way to the broker', ['cut', 'refuse', 'black-hole', 'slow'], [2_000, 8_000], [300, 4_000]));
    strokes.push(...line('broker', ['kill -9'], [9_000, 20_000], [0, 1_500]));
    const purges = scope.destinations.concat('local').map(sink => `purge ${sink}`);
    strokes.push(...line('queues', purges, [10_000, 30_000], [0, 0]));
  }
  return strokes.sort((a, b) => a.at - b.at);
}
