import { dispatch } from 'nact';
import {
  type ActorTools,
  actorName,
  ask,
  type Parent,
  type Supervisor,
  spawnSupervisor,
  stopChild,
} from '../actors/actor.js';
import { spawnHealthPing } from '../actors/health-ping.js';
import type { Actor, HealthPingMessage, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import { OutageCosts } from '../src/availability/costs.js';
import type { Broker } from '../src/broker/broker.js';
import type { Config } from '../src/config/config.js';
import { describe } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
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
import { sameSlice } from '../src/settings/same-slice.js';
import { actorPaths } from '../src/status/actor-paths.js';
import type { Storage } from '../src/storage/storage.js';
import { type Child, Children } from './children.js';
import type { PartOptions } from './part.js';
import { escalate } from './restart.js';
import type { Source } from './source.js';

export interface HealthOptions extends PartOptions {
  readonly config: Pick<Config, 'health' | 'proxies'>;
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Pick<Storage, 'checkpoints' | 'read' | 'write'>;
  readonly giveUp: AbortSignal;
}

/** How often measurements and routine checkpoints of all targets are written together, ms. */
const flushMs = 1_000;

/** An actor for each target of the settings, and for each heartbeat that made itself. */
export function startHealth(ingress: Parent, tools: ActorTools, options: HealthOptions): Source {
  const { publisher, onStop } = options;
  const watch = new HealthWatch(ingress, tools, options);
  dispatch(publisher, {
    type: 'observe',
    // Nearly every event is neither: nothing is awaited for those.
    observer: messages => (messages.some(isAboutService) ? hear(watch, messages) : undefined),
  });
  onStop('health', () => watch.close());
  return watch;
}

function isAboutService(message: Message): boolean {
  // The text of what was parsed in this process need not be searched.
  const category = message.fields?.category;
  if (category !== undefined && category !== 'service_status' && category !== 'heartbeat') return false;
  return declarationOf(message) !== undefined || beatOf(message) !== undefined;
}

async function hear(watch: HealthWatch, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    const [declaration, beat] = [declarationOf(message), beatOf(message)];
    if (declaration !== undefined) await watch.declared(declaration);
    if (beat !== undefined) await watch.beat(beat);
  }
}

class HealthWatch implements Source {
  /** By the name of the target; not those that are being stopped. */
  readonly #actors = new Map<string, Actor<HealthPingMessage>>();
  /** By the name of the heartbeat. */
  readonly #jobs = new Map<string, Actor<HealthPingMessage>>();
  /** Names of heartbeats that made themselves. */
  readonly #made = new Set<string>();
  /** What was declared while its target was being restarted. */
  readonly #missed = new Map<string, Declaration[]>();
  /** The share of its interval until the first run of a target, until it has started. */
  readonly #shares = new Map<string, number>();
  readonly #children: Children<Target>;
  readonly #flushes: FlushSchedule;
  readonly #heartbeats: Heartbeats;
  readonly #costs: OutageCosts;
  readonly #probeTools: ProbeTools;
  readonly #opened: Promise<void>;
  #health: Config['health'];
  #supervisor: Supervisor | undefined;
  readonly #ingress: Parent;
  readonly #tools: ActorTools;
  readonly #options: HealthOptions;

  constructor(ingress: Parent, tools: ActorTools, options: HealthOptions) {
    this.#ingress = ingress;
    this.#tools = tools;
    this.#options = options;
    const { config, broker, storage, board, clock, log } = options;
    const { targets } = config.health;
    const { checkpoints } = storage;
    this.#costs = new OutageCosts(storage);
    this.#health = config.health;
    this.#flushes = new FlushSchedule(clock, flushMs);
    this.#heartbeats = new Heartbeats({ checkpoints, clock, log, declared: declaredSchedules(targets) });
    const outgoing = new Outgoing(config.proxies);
    this.#probeTools = { broker, clock, outgoing, heartbeats: this.#heartbeats };
    this.#spreadOut(targets);
    this.#children = new Children<Target>({
      ...{ board, clock, log },
      pathOf: name => `${actorPaths.health}${actorName(name)}`,
      start: (_name, target) => this.#watch(target),
    });
    this.#opened = this.#heartbeats.open().then(async made => {
      for (const name of made) this.#made.add(name);
      await this.#adjust();
      // What was not read yet was unknown.
      for (const actor of this.#jobs.values()) dispatch(actor, { type: 'lookAgain' });
    });
  }

  reload({ health }: Pick<Config, 'health'>, hurry: AbortSignal): Promise<readonly string[]> {
    const before = new Map(this.#health.targets.map(target => [target.name, target]));
    this.#health = health;
    this.#spreadOut(health.targets.filter(target => !sameSlice(before.get(target.name), target)));
    this.#heartbeats.declare(declaredSchedules(health.targets));
    return this.#adjust(hurry);
  }

  async close(): Promise<void> {
    this.#flushes.close();
    await this.#opened;
    await this.#children.close(this.#options.giveUp);
    await this.#heartbeats.close();
  }

  /** Whoever publishes a declaration has an answer once it is written down, and its target knows. */
  async declared(said: Declaration): Promise<void> {
    const { storage, log } = this.#options;
    const declaration = await this.#withTimes(said);
    await storage.write('keepCorrection', correctionOf(declaration)).catch((error: unknown) => {
      log.error({ event: declaration.id, reason: describe(error) }, 'correction.lost');
    });
    const { service } = declaration;
    const actor = this.#actors.get(service);
    if (actor) return ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
    // Not awaited: a target that is being stopped may itself wait for what it has published.
    if (this.#wanted().has(service)) this.#missed.set(service, [...(this.#missed.get(service) ?? []), declaration]);
  }

  /** Maintenance that is called off is named by its id; an older checkpoint knows it by its times alone. */
  async #withTimes(declaration: Declaration): Promise<Declaration> {
    const { withdraws: id, window } = declaration;
    if (id === undefined) return declaration;
    const known = await this.#options.storage.read('declaredMaintenance', { id }).catch(() => undefined);
    if (known === undefined) return declaration;
    return { ...declaration, window: { ...window, from: known.from, until: known.until ?? undefined } };
  }

  /** The same for a heartbeat. */
  async beat(report: BeatReport): Promise<void> {
    await this.#opened;
    const { name } = report;
    const isKnown = this.#made.has(name) || declaredSchedules(this.#health.targets).has(name);
    if (!isKnown && (this.#health.targets.some(target => target.name === name) || !isHeartbeatName(name)))
      return this.#unwatched(name, 'a target of another kind has this name, or it is not a name');
    const isNew = await this.#heartbeats.record(report);
    if (isNew === undefined) return this.#unwatched(name, 'too many heartbeats have made themselves');
    if (!isKnown) {
      this.#made.add(name);
      void this.#adjust();
    }
    const actor = this.#jobs.get(name);
    if (actor) dispatch(actor, { type: 'lookAgain' });
  }

  #unwatched(name: string, reason: string): void {
    this.#options.log.warn({ heartbeat: name.slice(0, 128), reason }, 'heartbeat.unwatched');
  }

  #adjust(hurry = this.#options.giveUp): Promise<readonly string[]> {
    return this.#children.become(this.#wanted(), hurry);
  }

  #wanted(): ReadonlyMap<string, Target> {
    const { targets, defaults } = this.#health;
    const wanted = new Map(targets.map(target => [target.name, target]));
    const declared = declaredSchedules(targets);
    for (const name of this.#made) {
      if (declared.has(name) || wanted.has(name)) continue;
      const target = madeTarget({ name, url: `heartbeat:${name}` }, defaults);
      if (target !== undefined) wanted.set(name, target);
    }
    return wanted;
  }

  /** Those that start together; one alone is checked at once. */
  #spreadOut(targets: readonly Target[]): void {
    for (const [index, { name }] of targets.entries()) this.#shares.set(name, spread(index, targets.length));
  }

  #watch(target: Target): Child {
    const { idSecret, publisher, storage, board, clock } = this.#options;
    this.#supervisor ??= spawnSupervisor(this.#ingress, 'health', board, escalate);
    const parent = this.#supervisor;
    const actorsOf = (names: readonly string[]) => names.flatMap(name => this.#actors.get(name) ?? []);
    const dependents = () => this.#health.targets.filter(({ dependsOn }) => dependsOn.includes(target.name));
    const share = this.#shares.get(target.name) ?? 0;
    this.#shares.delete(target.name);
    const actor = spawnHealthPing(parent, {
      ...this.#tools,
      target,
      idSecret,
      run: runOf(target, this.#probeTools),
      publish: publishThrough(publisher).publish,
      checkpoints: storage.checkpoints,
      nextFlush: this.#flushes.next,
      keep: seen => storage.write('keepAvailability', seen),
      costOf: async outage => (await this.#costs.of(target.name, [outage], this.#health.zone))[0],
      clock,
      delayMs: share * target.intervalMs,
      apartMs: target.intervalMs / this.#health.targets.length,
      family: {
        parents: () => actorsOf(target.dependsOn),
        dependents: () => actorsOf(dependents().map(({ name }) => name)),
      },
    });
    this.#actors.set(target.name, actor);
    const jobs = [...declaredSchedules([target]).keys()];
    for (const job of jobs) this.#jobs.set(job, actor);
    for (const declaration of this.#missed.get(target.name) ?? [])
      void ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
    this.#missed.delete(target.name);
    return {
      stop: async () => {
        this.#actors.delete(target.name);
        for (const job of jobs) if (this.#jobs.get(job) === actor) this.#jobs.delete(job);
        await ask<void>(reply => dispatch(actor, { type: 'close', reply }));
        await stopChild(parent, actor);
      },
    };
  }
}
