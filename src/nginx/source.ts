import type { Clock } from '../clock.js';
import type { CountryOf } from '../geoip/countries.js';
import type { Log } from '../log.js';
import type { SourceStore } from '../source-store.js';
import { CommitCalls } from './commit-calls.js';
import { LogFiles } from './files/log-files.js';
import { createParser } from './lines/create-parser.js';
import { saysAgent } from './lines/format.js';
import { lineShape } from './lines/line-shape.js';
import { LogGaps } from './log-gaps.js';
import type { NginxConfig } from './nginx-config.js';
import { type LogCheckpoint, LogReader } from './reader.js';
import { LineCounter } from './traffic/line-counter.js';
import { LogIds } from './traffic/log-ids.js';
import { PageViews } from './traffic/page-views.js';
import { PartialDownloads } from './traffic/partial-downloads.js';
import { RequestClassifier } from './traffic/requests.js';
import { TrafficEvents } from './traffic/traffic.js';
import type { VisitorKeys } from './traffic/visitors.js';
import { Windows } from './traffic/windows.js';
import { TrafficRecord } from './traffic-record.js';

export interface LogSourceOptions {
  readonly path: string;
  /** In the events. */
  readonly name: string;
  readonly config: NginxConfig;
  /** All logs that are configured now; by default those of `config`. */
  readonly configured?: () => readonly string[];
  /** As in `TrafficOptions`. */
  readonly usageSink?: string | undefined;
  /** Without a slash at its end; undefined = not known. */
  readonly clowderUrl: string | undefined;
  readonly idSecret: string;
  readonly visitors: VisitorKeys;
  readonly countryOf: CountryOf;
  readonly store: SourceStore<LogCheckpoint>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onHold: (error: unknown) => Promise<void>;
  readonly stopping: AbortSignal;
}

/** A sample line of what cannot be read is logged this often at most, ms. */
const sampleMs = 60_000;

export type CounterOptions = Pick<
  LogSourceOptions,
  'name' | 'config' | 'usageSink' | 'clowderUrl' | 'idSecret' | 'visitors' | 'countryOf'
> & {
  readonly now: () => number;
  /** A line that is not of the format. */
  readonly onUnparsed: (line: string) => void;
  /** What cannot be counted; undefined = nobody asks. */
  readonly gaps?: Pick<LogGaps, 'add'>;
};

/** Puts the parts together that make events of lines. */
export function createCounter(options: CounterOptions) {
  const { name, config, usageSink, clowderUrl, idSecret, visitors, countryOf, now, onUnparsed, gaps } = options;
  const prefix = config.pathPrefix;
  const views = new PageViews();
  const parts = new PartialDownloads(now);
  const ids = new LogIds(idSecret);
  const windows = new Windows({ windowMs: config.windowMs, log: name, now, ids });
  const traffic = new TrafficEvents({
    ...{ kinds: config.trafficEvents, usageSink, keepIp: config.keepIp, clowderUrl },
    uploadsPublished: config.uploadsPublished,
    ...{ prefix, visitors, countryOf, now },
    onLateSalt: time => gaps?.add('late_salt', time),
  });
  const counter = new LineCounter({
    parser: createParser(config.format),
    address: config.format.address,
    agentUnsaid: saysAgent(config.format) ? 'machine' : 'person',
    ...{ ids, prefix, views, parts, windows, traffic, onUnparsed },
    onUnread: time => gaps?.add('unread_lines', Number.isFinite(time) ? time : now()),
    classifier: new RequestClassifier(config.allPages),
  });
  return { counter, windows, views, parts, traffic };
}

/** Puts the parts together that read one log. */
export function createLogReader(options: LogSourceOptions): LogReader {
  const { path, config, visitors } = options;
  const { store, clock, log, onHold, stopping } = options;
  let sampled = Number.NEGATIVE_INFINITY;
  const onUnparsed = (line: string): void => {
    if (clock.monotonic() - sampled < sampleMs) return;
    sampled = clock.monotonic();
    log.warn({ path, shape: lineShape(line) }, 'line.unparsed');
  };
  const gaps = new LogGaps(options.name);
  const record = new TrafficRecord(options.name, config.windowMs);
  const { counter, windows, views, parts } = createCounter({ ...options, now: clock.now, onUnparsed, gaps });
  const files = new LogFiles({
    ...{ path, folders: config.rotatedDirs, startAtEnd: config.start === 'end' },
    configured: options.configured ?? (() => config.files),
    ...{ clock, log, gaps },
  });
  const notes = new CommitCalls(gaps, record);
  const counting = { counter, windows, views, parts, visitors, record, gaps, notes };
  return new LogReader({ files, ...counting, store, clock, log, onHold, stopping });
}
