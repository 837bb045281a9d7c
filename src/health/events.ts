import type { OutageCost } from '../availability/cost.js';
import { fieldsOfCost } from '../availability/cost-fields.js';
import { acceptEvent } from '../events/accept.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import { redact } from '../redact.js';
import type { Result } from './result.js';
import type { Target } from './target.js';

export type Status = 'up' | 'degraded' | 'down' | 'maintenance' | 'unknown';

/** What a run adds to its result. */
export interface Measured {
  /** When the run began, epoch ms. */
  readonly at: number;
  readonly result: Result;
  /** Percent, of the last 24 hours. */
  readonly uptime: number | undefined;
  /** It was taken inside a window of maintenance. */
  readonly maintenance: boolean;
  /** Before this run, ms without a check because the daemon was not running. */
  readonly unknownMs: number;
  /** What came in during the outage that it may end. */
  readonly cost?: OutageCost | undefined;
}

/** The `health` event of one run, made `now`. Its id follows from target and time. */
export function healthEvent(target: Target, measured: Measured, now: number, idSecret: string): Message {
  const { at, result, maintenance, unknownMs } = measured;
  const event = {
    category: 'health',
    type: target.probe.kind,
    service_name: target.name,
    target: target.address,
    ...(result.reason === undefined ? {} : { message: redact(result.reason, target.secrets) }),
    ...measurements(measured),
    ...result.readings,
    ...(maintenance ? { maintenance } : {}),
    ...(unknownMs === 0 ? {} : { unknown_seconds: unknownMs / 1000 }),
    created: at,
  };
  return messageOf(event, now, timedId(at, keyedHash(idSecret, 'health', target.name, target.address, at)));
}

export interface Change {
  readonly status: Status;
  /** What was announced before; undefined where that does not matter, as in a correction. */
  readonly previous?: Status | undefined;
  /** When the state began, epoch ms. */
  readonly since?: number | undefined;
  /** The service that is, or was, down or being worked on, and because of which nothing was known of this one. */
  readonly causedBy?: string | undefined;
  /** That one is being worked on, so that this is no news to people. */
  readonly maintenance?: boolean;
  /** When it was found out, epoch ms. */
  readonly at: number;
  readonly message?: string | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly outageMs?: number | undefined;
  readonly unknownMs?: number | undefined;
  readonly cost?: OutageCost | undefined;
  /** Id of the event that this one corrects. */
  readonly corrects?: string | undefined;
  readonly measured?: Measured | undefined;
}

/**
 * A `service_status` event, made `now`. Its id follows from target, time and status, so that it is the same
 * event when made again after a crash.
 */
export function statusEvent(target: Target, change: Change, now: number, idSecret: string): Message {
  const { status, previous, since, causedBy, at, message, from, until, outageMs, unknownMs } = change;
  const { maintenance = false, cost, corrects, measured } = change;
  const event = {
    category: 'service_status',
    type: status,
    service_name: target.name,
    target: target.address,
    ...(message === undefined ? {} : { message: redact(message, target.secrets) }),
    ...(measured === undefined ? {} : measurements(measured)),
    ...(measured === undefined ? {} : carried(target, measured)),
    ...(since === undefined ? {} : { since }),
    ...(previous === undefined ? {} : { previous_state: previous }),
    ...(causedBy === undefined ? {} : { caused_by: causedBy }),
    ...(maintenance ? { maintenance } : {}),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(outageMs === undefined ? {} : { outage_seconds: outageMs / 1000 }),
    ...(unknownMs === undefined || unknownMs === 0 ? {} : { unknown_seconds: unknownMs / 1000 }),
    ...(cost === undefined ? {} : fieldsOfCost(cost)),
    ...(corrects === undefined ? {} : { corrects }),
    created: at,
  };
  const identity = [target.name, target.address, status, at, from ?? '', until ?? '', corrects ?? ''];
  return messageOf(event, now, timedId(at, keyedHash(idSecret, 'service_status', ...identity)));
}

/** The readings that its probe wants on changes too. */
function carried({ probe }: Target, { result: { readings } }: Measured) {
  const names = probe.changesCarry ?? [];
  return Object.fromEntries(names.flatMap(name => (readings[name] === undefined ? [] : [[name, readings[name]]])));
}

function measurements({ result, uptime }: Measured) {
  const { times, loss, finding } = result;
  return {
    healthy: finding !== 'down',
    ...(uptime === undefined ? {} : { uptime }),
    ...(times === undefined
      ? {}
      : {
          response_time_avg: micro(times.average),
          response_time_min: micro(times.min),
          response_time_max: micro(times.max),
        }),
    response_time_loss: loss,
  };
}

function messageOf(event: object, now: number, id: string): Message {
  const accepted = acceptEvent(event, { now, source: 'health', id });
  if ('message' in accepted) return accepted.message;
  throw new TypeError(accepted.problems.map(({ message }) => message).join('; '));
}

function micro(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
