import { dispatch, type Ref } from 'nact';
import { spawnHealthPing } from '../actors/health-ping.js';
import { type Actor, ask, type HealthPingMessage, type PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Broker, Durability } from '../src/broker/broker.js';
import type { Clock } from '../src/clock.js';
import type { Message } from '../src/events/message.js';
import { declarationOf } from '../src/health/declaration.js';
import { spread } from '../src/health/fixed-rate.js';
import { FlushSchedule } from '../src/health/flush-schedule.js';
import { runOf } from '../src/health/run.js';
import type { Target } from '../src/health/target.js';
import type { Log } from '../src/log.js';
import type { StatusBoard } from '../src/status/board.js';
import type { Checkpoints } from '../src/storage/storage.js';

export interface HealthOptions {
  readonly targets: readonly Target[];
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly checkpoints: Checkpoints;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HealthSupervision {
  /** The same publishing, which tells the targets of what it published: somebody may have declared maintenance. */
  notifying(publish: Publish): Publish;
  close(): Promise<void>;
}

type Publish = (messages: readonly Message[]) => Promise<Durability>;

/** Between two moments at which the targets write together, ms. */
const flushMs = 500;

/** One actor for each target, their first runs spread out over the interval. */
export function superviseHealth(parent: Ref<never>, options: HealthOptions): HealthSupervision {
  const { targets, broker, clock, publisher, checkpoints, board, log } = options;
  const { publish } = publishThrough(publisher);
  const flushes = new FlushSchedule(clock, flushMs);
  const actors = new Map<string, Actor<HealthPingMessage>>();
  for (const [index, target] of targets.entries()) {
    const actor = spawnHealthPing(parent, {
      name: `health-${index + 1}`,
      path: `ingress/health/${target.name}`,
      target,
      run: runOf(target, { broker, clock }),
      publish,
      checkpoints,
      nextFlush: flushes.next,
      board,
      clock,
      log,
      delayMs: spread(index, targets.length) * target.intervalMs,
    });
    actors.set(target.name, actor);
  }

  const notify = async (messages: readonly Message[]): Promise<void> => {
    for (const message of messages) {
      const declaration = declarationOf(message);
      const actor = declaration && actors.get(declaration.service);
      if (actor) await ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
    }
  };

  return {
    notifying: publishing =>
      actors.size === 0
        ? publishing
        : async messages => {
            const durability = await publishing(messages);
            await notify(messages);
            return durability;
          },
    close: async () => {
      flushes.close();
      await Promise.all(
        [...actors.values()].map(actor => ask<void>(reply => dispatch(actor, { type: 'close', reply }))),
      );
    },
  };
}
