import { dispatch, type Ref, start as startSystem, stop as stopActor } from 'nact';
import { spawnHttp } from '../actors/http.js';
import { ask } from '../actors/protocol.js';
import { publishThrough, spawnPublisher } from '../actors/publisher.js';
import type { QueueDefinition } from '../src/broker/broker.js';
import type { Clock } from '../src/clock.js';
import type { Config } from '../src/config/config.js';
import { type DeliveryMeter, SettledCounters } from '../src/delivery/meter.js';
import { createServer } from '../src/http/server.js';
import { defaultHttpSettings } from '../src/http/settings.js';
import { openIdSecret } from '../src/keys/id-secret.js';
import type { KeyRing } from '../src/keys/keys.js';
import type { Log } from '../src/log.js';
import { createBackend } from '../src/status/backend.js';
import { StatusBoard } from '../src/status/board.js';
import { DeadLetterAdmin } from '../src/status/dead-letter-admin.js';
import { runHousekeeping } from '../src/status/housekeeping.js';
import { Metrics } from '../src/status/metrics.js';
import { orphanFinder } from '../src/status/orphaned-queues.js';
import { Storage } from '../src/storage/storage.js';
import { createBroker, listenToExtractors, moveFromEmbedded } from './broker.js';
import { superviseDelivery } from './delivery.js';
import { superviseHealth } from './health.js';
import { superviseNginxLogs } from './nginx-logs.js';
import { type ShutdownStep, shutdownInOrder } from './shutdown.js';

/** A part of the tree has failed for good. */
export type OnFailure = (what: string, error: unknown) => void;

export interface TreeOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: KeyRing;
  /** A part of the spine has failed for good. May be called more than once. */
  readonly onFailure: OnFailure;
}

export interface Tree {
  readonly address: string;
  /** In order; hurries once the patience (ms) is used up. Never rejects. A second call waits for the first. */
  stop(patienceMs: number): Promise<void>;
  /** Ends every wait of a stop that is under way. */
  giveUp(): void;
}

const writeDeadlineMs = 30_000;

/**
 * Grows the whole tree: storage, broker, publisher, door, and a consumer and a sink for every configured sink. What was begun is taken down again
 * in the reverse order: the steps of the shutdown are collected as the parts come to life.
 */
export async function growTree({ config, clock, log, keys, onFailure }: TreeOptions): Promise<Tree> {
  /** Ends every backoff: only once the consumers are told to stop, or they would try again at once, and again. */
  const stopping = new AbortController();
  const giveUp = new AbortController();
  let httpPatienceMs = 0;
  const steps: ShutdownStep[] = [];
  const onStop = (name: string, run: () => Promise<void>): void => {
    steps.unshift({ name, run });
  };
  let stopped: Promise<void> | undefined;
  const stop = (patienceMs: number): Promise<void> => {
    httpPatienceMs = patienceMs / 2;
    stopped ??= shutdownInOrder(steps, { patienceMs, clock, log, giveUp: () => giveUp.abort() });
    return stopped;
  };

  try {
    const board = new StatusBoard(clock);
    const metrics = new Metrics();
    const counters = new SettledCounters();
    const storage = await Storage.open({
      dir: config.server.dataDir,
      clock,
      log,
      onFatal: error => onFailure('storage', error),
    });
    onStop('storage', () => storage.close());
    storage.startMaintenance(retention(config));
    const idSecret = openIdSecret(config.server.dataDir, config.server.idSecret);

    const broker = createBroker({ config: config.broker, storage, clock, log });
    onStop('broker', () => broker.close());

    const system = startSystem() as unknown as Ref<never>;
    onStop('actors', async () => stopActor(system));
    const publisher = spawnPublisher(system, { path: 'broker/publisher', broker, board, log });

    let ready = false;
    const orphans = orphanFinder({ broker, clock, log, metrics });
    const limits = new Map(
      config.sinks.flatMap(({ definition: { name, redriveLimit } }) =>
        redriveLimit === undefined ? [] : [[name, redriveLimit] as const],
      ),
    );
    const deadLetterAdmin = new DeadLetterAdmin(broker.deadLetters, clock, limits);
    const backend = createBackend({
      deadLetterAdmin,
      ...publishThrough(publisher),
      broker,
      storage,
      board,
      clock,
      counters,
      orphans,
      sinks: config.sinks,
      local: config.local !== undefined,
      started: clock.now(),
      ready: () => ready,
    });

    const queues: QueueDefinition[] = config.sinks.map(({ queue }) => queue);
    await broker.open(queues);
    orphans();
    const moving = moveFromEmbedded(broker, queues, { storage, clock, log, signal: stopping.signal });
    onStop('move', () => moving);
    const deliveries = config.sinks.map(sink =>
      superviseDelivery(
        system,
        sink,
        {
          log: log.child({ sink: sink.definition.name }),
          clock,
          keyValues: storage.keyValues(`sink.${sink.definition.name}`),
          events: storage.events,
          sendNames: config.sendNames,
        },
        {
          broker,
          board,
          clock,
          log,
          meter: meterOf(counters, metrics, clock),
          firstSeen: ids => storage.firstSeen(ids),
          holdMs: config.broker.holdMs,
          writeDeadlineMs,
          stopping: stopping.signal,
          giveUp: giveUp.signal,
        },
      ),
    );
    onStop('delivery', async () => {
      const drained = deliveries.map(consumer => ask<void>(reply => dispatch(consumer, { type: 'drain', reply })));
      stopping.abort();
      await Promise.all(drained);
    });
    onStop('publisher', () => ask<void>(reply => dispatch(publisher, { type: 'drain', reply })));

    const housekeeping = new AbortController();
    const keeping = runHousekeeping({
      sinks: config.sinks.map(({ definition }) => definition.name),
      broker,
      deadLetterAdmin,
      ledger: backend.ledger,
      ...config.deadLetters,
      clock,
      log,
      signal: housekeeping.signal,
    });
    onStop('keeper', () => {
      housekeeping.abort();
      return keeping;
    });

    const health = superviseHealth(system, {
      targets: config.health.targets,
      idSecret,
      broker,
      publisher,
      checkpoints: storage.checkpoints,
      board,
      clock,
      log,
    });
    onStop('health', () => health.close());

    const heartbeats = listenToExtractors({
      config: config.broker,
      publish: publishThrough(publisher).publish,
      checkpoints: storage.checkpoints,
      clock,
      log,
    });
    onStop('heartbeats', () => heartbeats.close());

    const logs = superviseNginxLogs(system, {
      config: config.nginx,
      idSecret,
      broker,
      storage,
      publish: publishThrough(publisher).publish,
      board,
      clock,
      log,
    });
    onStop('nginx logs', () => logs.close());

    const server = createServer({
      backend: { ...backend, publish: health.notifying(backend.publish) },
      keys,
      log,
      clock,
      metrics,
      settings: { ...defaultHttpSettings, ...config.server },
    });
    const http = spawnHttp(system, { path: 'ingress/http', server, board, log });
    onStop('http', () => ask<void>(reply => dispatch(http, { type: 'close', patienceMs: httpPatienceMs, reply })));
    ready = true;
    const address = await ask<string>(reply => dispatch(http, { type: 'listen', reply }));
    return { address, stop, giveUp: () => giveUp.abort() };
  } catch (error) {
    await stop(5_000);
    throw error;
  }
}

function retention({ local }: Config) {
  return {
    days: (local?.retentionMs ?? 30 * 86_400_000) / 86_400_000,
    maxBytes: local?.maxBytes ?? 2048 * 1024 * 1024,
  };
}

function meterOf(counters: SettledCounters, metrics: Metrics, clock: Clock): DeliveryMeter {
  return {
    written: (sink, count, milliseconds, oldest) =>
      metrics.batchWritten(sink, count, milliseconds, clock.now() - oldest),
    failed: (sink, fault, milliseconds) => metrics.batchFailed(sink, fault === 'bug' ? 'failed' : 'held', milliseconds),
    settled: (sink, settlement) => counters.add(sink, settlement),
  };
}
