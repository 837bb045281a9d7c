import { startRoot } from '../actors/actor.js';
import type { AuditTrail } from '../src/audit/trail.js';
import type { Clock } from '../src/clock.js';
import type { Config } from '../src/config/config.js';
import type { ReloadReport, RunningSettings } from '../src/config/running.js';
import { Writes } from '../src/delivery/writes.js';
import { Stalls } from '../src/event-loop/stalls.js';
import type { Watchdog } from '../src/event-loop/watchdog.js';
import { Countries } from '../src/geoip/countries.js';
import { openIdSecret } from '../src/keys/id-secret.js';
import type { KeyRing } from '../src/keys/ring.js';
import type { Log } from '../src/log.js';
import { VisitorKeys } from '../src/nginx/traffic/visitors.js';
import { StatusBoard } from '../src/status/board.js';
import { Conflicts } from '../src/status/conflicts.js';
import { Metrics } from '../src/status/metrics.js';
import type { DataFolder } from '../src/storage/data-folder.js';
import { defaultLimits } from '../src/storage/default-limits.js';
import type { Retention } from '../src/storage/maintenance.js';
import { Storage } from '../src/storage/storage.js';
import { startAudit } from './audit.js';
import { drainPublisher, startBroker } from './broker.js';
import { startCompleteness } from './completeness.js';
import { startContext } from './context.js';
import { startDelivery, type WantedSinks } from './delivery.js';
import { loadSuppression, startErasures } from './erasures.js';
import { createNotifications, runNotifications } from './notify.js';
import type { OnFailure, PartOptions } from './part.js';
import { type ShutdownStep, shutdownInOrder } from './shutdown.js';
import { startSources } from './sources.js';
import { createUsage } from './usage.js';

export interface TreeOptions {
  readonly settings: RunningSettings;
  /** For whoever may ask for it over HTTP. */
  readonly reload: (by: string) => Promise<ReloadReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: KeyRing;
  /** The same for every tree of this process. */
  readonly trail: AuditTrail;
  /** Undefined: nobody watches the event loop. */
  readonly watchdog?: Watchdog | undefined;
  /** The same for every tree of this process. */
  readonly folder: DataFolder;
  /** A part has failed for good. May be called more than once. */
  readonly onFailure: OnFailure;
}

export interface Tree {
  readonly address: string;
  /** Reads the certificate of the listener again. */
  rereadCertificate(): void;
  /** Restarts what was made from other settings than those that run now. Returns what that was. Never rejects. */
  reload(): Promise<readonly string[]>;
  /** In order; `giveUp` is called once the time (ms) is used up. Never rejects. A second call waits for the first. */
  stop(timeoutMs: number): Promise<void>;
  /** Ends every wait of a stop that is under way. */
  giveUp(): void;
}

/**
 * Starts storage, broker, delivery, sources and HTTP, one after the other. The shutdown ends what was started in the
 * reverse order, also when a start fails.
 */
export async function startTree({
  settings,
  reload,
  clock,
  log,
  keys,
  trail,
  folder,
  onFailure,
  watchdog,
}: TreeOptions): Promise<Tree> {
  const { config } = settings;
  const giveUp = new AbortController();
  const steps: ShutdownStep[] = [];
  const onStop: PartOptions['onStop'] = (name, run) => void steps.unshift({ name, run });
  let stopped: Promise<void> | undefined;
  const stop = (timeoutMs: number): Promise<void> => {
    stopped ??= shutdownInOrder(steps, { timeoutMs, clock, log, giveUp: () => giveUp.abort() });
    return stopped;
  };
  const board = new StatusBoard(clock);
  const part: PartOptions = { root: startRoot(), board, clock, log, onFailure, onStop };
  const metrics = new Metrics();
  const { sinks, proxies } = config;

  try {
    // What takes longest to load is loaded while the threads of the storage begin.
    const [storage, { startHttp }] = await Promise.all([openStorage(config, folder, part), import('./http.js')]);
    keys.openFolder();
    const warnOpen = (reason: string): void => log.warn({ reason }, 'secret.open');
    const idSecret = openIdSecret(config.server.dataDir, config.server.idSecret, warnOpen);
    const stalls = await Stalls.open({
      dir: config.server.dataDir,
      record: watchdog?.record,
      keyValues: storage.keyValues('event-loop'),
      clock,
      log,
      onStall: ms => metrics.stalled(ms),
    });
    const conflicts = new Conflicts({ clock, log, onConflict: (where, count) => metrics.conflicts(where, count) });
    const suppression = await loadSuppression({ storage, idSecret, log });
    const context = await startContext({ ...part, config, storage, suppression });
    const queues = sinks.map(({ queue }) => queue);
    const writes = new Writes();
    const brokerOptions = { config: config.broker, storage, queues, suppression, writes };
    const broker = await startBroker({ ...part, ...brokerOptions });
    const { publisher } = broker;
    const notifications = createNotifications({ ...part, publisher, storage, idSecret });
    const configured = (): Config['sinks'] => settings.config.sinks;
    const usage = createUsage({ ...part, ...broker, config, sinks: configured, storage, context, idSecret });
    const deliveryOptions = {
      wanted: wantedSinks(config),
      idSecret,
      proxies,
      broker: broker.broker,
      storage,
      giveUp: giveUp.signal,
      stalls,
      conflicts,
      context,
      notifications: notifications.writer,
      usage,
      suppression,
      writes,
    };
    await startCompleteness({ ...part, config, storage, broker: broker.broker });
    const delivery = await startDelivery({ ...part, metrics, ...deliveryOptions });
    const { toolsOf } = delivery;
    const erasures = startErasures({ ...part, ...deliveryOptions, config: () => settings.config, toolsOf });
    onStop('publisher', () => drainPublisher(publisher));
    await runNotifications(notifications, config, { onStop, giveUp: giveUp.signal });
    const audit = await startAudit({ ...part, trail, publisher, storage, idSecret, config, keys });
    const visitors = new VisitorKeys(storage.keyValues('nginx.visitors'), clock);
    const countries = new Countries({ source: config.geoip, clock, log });
    const traffic = { visitors, countryOf: countries.of };
    const sources = await startSources({
      ...{ ...part, ...broker, config, storage, idSecret, suppression, writes, ...traffic },
      sinks: () => configured().map(({ definition }) => definition.name),
      giveUp: giveUp.signal,
    });
    const { address, rereadCertificate } = await startHttp({
      ...part,
      metrics,
      ...broker,
      parent: sources.ingress,
      settings,
      reload,
      keys,
      trail,
      storage,
      stalls,
      conflicts,
      visitors,
      countries,
      context,
      usage,
      idSecret,
      erasures,
    });
    const reloadParts = async (): Promise<readonly string[]> => {
      const patience = new AbortController();
      const over = new AbortController();
      void clock.sleep(settings.config.shutdownMs, over.signal).then(() => patience.abort());
      const now = settings.config;
      await broker.putNames(now.sinks.map(({ definition }) => definition.name));
      const { signal } = patience;
      const restarted = await Promise.all([
        delivery.reload(wantedSinks(now), signal),
        notifications.reload(now, signal),
        sources.reload(now, signal),
        keepStored(storage, now),
      ]);
      await audit.reload(now);
      over.abort();
      return restarted.flat();
    };
    return { address, rereadCertificate, reload: reloadParts, stop, giveUp: () => giveUp.abort() };
  } catch (error) {
    await stop(5_000);
    throw error;
  }
}

function wantedSinks({ sinks, broker: { holdMs } }: Config): WantedSinks {
  return { sinks, holdMs };
}

async function openStorage(
  { server, local, broker, deadLetters }: Config,
  folder: DataFolder,
  { clock, log, onFailure, onStop }: PartOptions,
): Promise<Storage> {
  const onFatal = (error: Error): void => onFailure('storage', error);
  const limits = { embeddedBytes: broker.embeddedBytes, deadLetterBytes: deadLetters.maxBytes };
  const storage = await Storage.open({ dir: server.dataDir, clock, log, limits, folder, onFatal });
  onStop('storage', () => storage.close());
  storage.startMaintenance(retentionOf(local));
  return storage;
}

/** What the local store keeps. */
async function keepStored(storage: Storage, { local }: Config): Promise<readonly string[]> {
  return storage.keepAtMost(retentionOf(local)) ? ['retention'] : [];
}

function retentionOf(local: Config['local']): Retention {
  return {
    days: local === undefined ? defaultLimits.days : local.retentionMs / 86_400_000,
    maxBytes: local?.maxBytes ?? defaultLimits.maxMebibytes * 1024 * 1024,
  };
}
