import type { Ref } from 'nact';
import { spawnConsumer } from '../actors/consumer.js';
import type { Actor, ConsumerMessage } from '../actors/protocol.js';
import { spawnSink } from '../actors/sink.js';
import type { Broker } from '../src/broker/broker.js';
import type { Clock } from '../src/clock.js';
import type { ConfiguredSink } from '../src/config/config.js';
import type { DeliveryMeter } from '../src/delivery/meter.js';
import { createPrepare, type FirstSeen } from '../src/delivery/prepare.js';
import type { Log } from '../src/log.js';
import type { SinkTools } from '../src/sinks/sink.js';
import type { StatusBoard } from '../src/status/board.js';
import { createRestartPolicy } from './restart.js';

export interface DeliveryOptions {
  readonly broker: Broker;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: DeliveryMeter;
  readonly firstSeen: FirstSeen;
  readonly holdMs: number;
  readonly writeDeadlineMs: number;
  /** Aborts when shutdown begins: ends every backoff. */
  readonly stopping: AbortSignal;
  /** Aborts when shutdown's patience ends: ends every write. */
  readonly giveUp: AbortSignal;
  readonly random?: () => number;
}

/** One consumer and one sink actor for one sink: its trouble is its own. */
export function superviseDelivery(
  parent: Ref<never>,
  { definition, config, batch, filter }: ConfiguredSink,
  tools: SinkTools,
  options: DeliveryOptions,
): Actor<ConsumerMessage> {
  const { broker, board, clock, meter, firstSeen, holdMs, writeDeadlineMs, stopping, giveUp, random } = options;
  const log = options.log.child({ sink: definition.name });
  const path = `delivery/${definition.name}`;
  const policy = createRestartPolicy({
    path: `${path}/sink`,
    board,
    clock,
    log,
    stopping,
    ...(random === undefined ? {} : { random }),
  });
  const prepare = createPrepare({ filter, acceptsText: definition.acceptsText ?? false, firstSeen });
  return spawnConsumer(
    parent,
    {
      sink: definition.name,
      path: `${path}/consumer`,
      broker,
      limits: batch,
      prepare,
      holdMs,
      policy,
      board,
      clock,
      log,
      meter,
      giveUp,
    },
    consumer =>
      spawnSink(parent, consumer, { definition, config, tools, policy, clock, meter, writeDeadlineMs, giveUp }),
  );
}
