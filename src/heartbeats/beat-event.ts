import { isLive, type Message } from '../events/message.js';
import { parseTimestamp } from '../events/timestamp.js';
import { type Beat, beatKinds } from './heartbeat.js';
import type { WrittenSchedule } from './schedule.js';

const marker = '"heartbeat"';

/** What a message says of a job. */
export interface BeatReport {
  readonly name: string;
  readonly beat: Beat;
  readonly schedule: WrittenSchedule;
}

/** The heartbeat that a message is; undefined for every other message, and cheap for those. */
export function beatOf({ body, source, received }: Message): BeatReport | undefined {
  if (!isLive(source) || !body.includes(marker)) return undefined;
  let event: Readonly<Record<string, unknown>>;
  try {
    event = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { category, type, service_name: name, message, created } = event;
  const kind = beatKinds.find(one => one === type);
  if (category !== 'heartbeat' || kind === undefined || typeof name !== 'string') return undefined;
  // A clock that is ahead would put the next one off.
  const at = Math.min(parseTimestamp(created) ?? received, received);
  const beat = { kind, message: typeof message === 'string' ? message : undefined, at };
  const schedule = { every: seconds(event.every), grace: seconds(event.grace), runtime: seconds(event.runtime) };
  return { name, beat, schedule };
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
}
