import { dispatch } from 'nact';
import { type ActorTools, ask, type Parent, type Supervisor, spawnSupervisor } from '../actors/actor.js';
import { spawnHealthPing } from '../actors/health-ping.js';
import type { Actor, HealthPingMessage, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import { OutageCosts } from '../src/availability/costs.js';
import type { Broker } from '../src/broker/broker.js';
import type { Config } from '../src/config/config.js';
import { describe } from '../src/errors.js';
import { correctionOf, declarationOf } from '../src/health/declaration.js';
import { spread } from '../src/health/fixed-rate.js';
import { FlushSchedule } from '../src/health/flush-schedule.js';
import type { Declaration } from '../src/health/maintenance.js';
import { declaredSchedules, isHeartbeatName } from '../src/health/probes/heartbeat.js';
import type { ProbeTools } from '../src/health/probes/probe.js';
import { runOf } from '../src/health/run.js';
import type { Target } from '../src/health/target.js';
import { madeTarget } from '../src/health/targets.js';
import { type BeatReport, beatOf } from '../src/heartbeats/beat-event.js';
import { Heartbeats } from '../src/heartbeats/heartbeats.js';
import { Outgoing } from '../src/outgoing.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';
import { escalate } from './restart.js';

export interface HealthOptions extends PartOptions {
  readonly config: Pick<Config, 'health' | 'proxies'>;
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Pick<Storage, 'checkpoints' | 'read' | 'write'>;
}

/** How often measurements and routine checkpoints of all targets are written together, ms. */
const flushMs = 500;

/** An actor for each target of the settings, and for each heartbeat that made itself. */
export function startHealth(ingress: Parent, tools: ActorTools, options: HealthOptions): void {
  const { publisher, onStop } = options;
  const watch = new HealthWatch(ingress, tools, options);
  dispatch(publisher, {
    type: 'observe',
    observer: async messages => {
      // Nearly every event is neither: nothing is awaited for those.
      for (const message of messages) {
        const [declaration, beat] = [declarationOf(message), beatOf(message)];
        if (declaration !== undefined) await watch.declared(declaration);
        if (beat !== undefined) await watch.beat(beat);
      }
    },
  });
  onStop('health', () => watch.close());
}

class HealthWatch {
  /** By the name of the target. */
  readonly #actors = new Map<string, Actor<HealthPingMessage>>();
  /** By the name of the heartbeat. */
  readonly #jobs = new Map<string, Actor<HealthPingMessage>>();
  readonly #flushes: FlushSchedule;
  readonly #heartbeats: Heartbeats;
  readonly #costs: OutageCosts;
  readonly #probeTools: ProbeTools;
  readonly #opened: Promise<void>;
  #supervisor: Supervisor | undefined;
  readonly #ingress: Parent;
  readonly #tools: ActorTools;
  readonly #options: HealthOptions;

  constructor(ingress: Parent, tools: ActorTools, options: HealthOptions) {
    this.#ingress = ingress;
    this.#tools = tools;
    this.#options = options;
    const { config, broker, storage, clock, log } = options;
    const { targets } = config.health;
    const { checkpoints } = storage;
    this.#costs = new OutageCosts(storage);
    this.#flushes = new FlushSchedule(clock, flushMs);
    this.#heartbeats = new Heartbeats({ checkpoints, clock, log, declared: declaredSchedules(targets) });
    const outgoing = new Outgoing(config.proxies);
    this.#probeTools = { broker, clock, outgoing, heartbeats: this.#heartbeats };
    // The first runs are spread out over the interval.
    for (const [index, target] of targets.entries()) this.#watch(target, spread(index, targets.length));
    this.#opened = this.#heartbeats.open().then(made => {
      for (const name of made) this.#watchJob(name);
      // What was not read yet was unknown.
      for (const actor of this.#jobs.values()) dispatch(actor, { type: 'lookAgain' });
    });
  }

  async close(): Promise<void> {
    this.#flushes.close();
    await this.#opened;
    await Promise.all(
      [...this.#actors.values()].map(actor => ask<void>(reply => dispatch(actor, { type: 'close', reply }))),
    );
    await this.#heartbeats.close();
  }

  /** Whoever publishes a declaration has an answer once it is written down, and its target knows. */
  async declared(declaration: Declaration): Promise<void> {
    const { storage, log } = this.#options;
    await storage.write('keepCorrection', correctionOf(declaration)).catch((error: unknown) => {
      log.error({ event: declaration.id, reason: describe(error) }, 'correction.lost');
    });
    const actor = this.#actors.get(declaration.service);
    if (actor) await ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
  }

  /** The same for a heartbeat. */
  async beat(report: BeatReport): Promise<void> {
    await this.#opened;
    const { name } = report;
    if (!this.#jobs.has(name) && (this.#actors.has(name) || !isHeartbeatName(name)))
      return this.#unwatched(name, 'a target of another kind has this name, or it is not a name');
    const isNew = await this.#heartbeats.record(report);
    if (isNew === undefined) return this.#unwatched(name, 'too many heartbeats have made themselves');
    if (!this.#jobs.has(name)) this.#watchJob(name);
    const actor = this.#jobs.get(name);
    if (actor) dispatch(actor, { type: 'lookAgain' });
  }

  #unwatched(name: string, reason: string): void {
    this.#options.log.warn({ heartbeat: name.slice(0, 128), reason }, 'heartbeat.unwatched');
  }

  #watchJob(name: string): void {
    if (this.#jobs.has(name) || this.#actors.has(name)) return;
    const target = madeTarget({ name, url: `heartbeat:${name}` }, this.#options.config.health.defaults);
    if (target !== undefined) this.#watch(target, 0);
  }

  /** @param share of its interval until the first run */
  #watch(target: Target, share: number): void {
    const { config, idSecret, publisher, storage, board, clock } = this.#options;
    this.#supervisor ??= spawnSupervisor(this.#ingress, 'health', board, escalate);
    const actorsOf = (names: readonly string[]) => names.flatMap(name => this.#actors.get(name) ?? []);
    const dependents = config.health.targets.filter(({ dependsOn }) => dependsOn.includes(target.name));
    const actor = spawnHealthPing(this.#supervisor, {
      ...this.#tools,
      target,
      idSecret,
      run: runOf(target, this.#probeTools),
      publish: publishThrough(publisher).publish,
      checkpoints: storage.checkpoints,
      nextFlush: this.#flushes.next,
      keep: seen => storage.write('keepAvailability', seen),
      costOf: async outage => (await this.#costs.of(target.name, [outage], config.health.zone))[0],
      clock,
      delayMs: share * target.intervalMs,
      family: {
        parents: () => actorsOf(target.dependsOn),
        dependents: () => actorsOf(dependents.map(({ name }) => name)),
      },
    });
    this.#actors.set(target.name, actor);
    for (const job of declaredSchedules([target]).keys()) this.#jobs.set(job, actor);
  }
}
