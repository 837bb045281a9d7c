import { costOfFields } from '../availability/cost-fields.js';
import { costInWords } from '../availability/cost-words.js';
import type { Event, Fields } from '../events/event.js';
import { isLive } from '../events/message.js';
import { isAhead, parseTimestamp } from '../events/timestamp.js';

export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** `note`: neither good nor bad, it has no state that lasts. */
export type Level = 'ok' | 'failing' | 'maintenance' | 'note';

/** What an event says about the state of something, in the terms of a person who looks after it. */
export interface Signal {
  /** What it is about, the same in every event about it: `service clowder`. */
  readonly key: string;
  readonly category: string;
  readonly type?: string;
  /** For people: `clowder`. */
  readonly name: string;
  readonly level: Level;
  /** In the word of the event: `down`, `resolved`. */
  readonly state: string;
  readonly severity: Severity;
  readonly message?: string;
  readonly fix?: string;
  /** What was probed. */
  readonly target?: string;
  /** The service that is down, and because of which nothing is known of this one. */
  readonly causedBy?: string;
  /** That one is being worked on: no news. */
  readonly excused?: true;
  /**
   * Id of the event in which somebody declared maintenance, or of the one that did and is called off with this; absent
   * for maintenance of the settings.
   */
  readonly declared?: string;
  /** When the state began, or the time of maintenance begins; epoch ms. */
  readonly since: number;
  /** When it ended or will end, epoch ms. */
  readonly until?: number;
  /** How long a service was down before this. */
  readonly outageSeconds?: number;
  /** What came in meanwhile, beside what was to be expected, in words. */
  readonly cost?: string;
  /** When it was found out, epoch ms. */
  readonly at: number;
}

/** What is good and what is bad, by `category.type`; a whole category under its name alone. */
const levels: Readonly<Record<string, readonly [Level, Severity]>> = {
  'service_status.down': ['failing', 'critical'],
  'service_status.degraded': ['failing', 'warning'],
  'service_status.unknown': ['failing', 'warning'],
  'service_status.up': ['ok', 'info'],
  'service_status.maintenance': ['maintenance', 'info'],
  'problem.raised': ['failing', 'warning'],
  'problem.resolved': ['ok', 'info'],
  'extraction_status.error': ['failing', 'warning'],
  'extraction_status.stuck': ['failing', 'warning'],
  'extraction_status.done': ['ok', 'info'],
  'extractor_heartbeat.silent': ['failing', 'warning'],
  'extractor_heartbeat.appeared': ['ok', 'info'],
};

/**
 * What ends a state, or a time of quiet, by category: a rule that names only what is bad has to know of it as well.
 * Extractions are left out: every one that ends well would go through the queue of the notifications.
 */
export const endings: Readonly<Record<string, readonly string[]>> = {
  service_status: ['up', 'maintenance', 'withdrawn'],
  problem: ['resolved'],
  extractor_heartbeat: ['appeared'],
};

/** The types of a category that are good or bad. */
export function typesOf(category: string): readonly string[] {
  const start = `${category}.`;
  const states = Object.keys(levels).flatMap(kind => (kind.startsWith(start) ? [kind.slice(start.length)] : []));
  return [...states, ...(endings[category] ?? [])];
}

/**
 * Undefined for an event that says nothing to people: one that was replayed or imported is history, one of a
 * browser may be anybody's, a check in maintenance means nothing, and a notification is what comes of all this.
 * Neither does one by which the monitor corrects an outage to maintenance: the declaration has said so.
 */
export function signalOf(event: Event, now: number): Signal | undefined {
  const { category, type, fields, source } = event;
  if (!isLive(source) || category === 'notification') return undefined;
  if (category === 'health' && fields.maintenance === true) return undefined;
  if (`${category}.${type}` === 'service_status.maintenance' && source === 'health' && fields.corrects !== undefined)
    return undefined;
  const [level, usual] = levelOf(event);
  const about = textOf(fields.service_name) ?? textOf(fields.subject) ?? textOf(fields.extractor_name);
  const kind = category === 'service_status' ? 'service' : category;
  // A clock that runs ahead elsewhere must not outdate what comes after it.
  const at = Math.min(event.created, now);
  const severity = severities.find(each => each === fields.severity) ?? usual;
  return {
    // With a blank in any case: no name of JavaScript's own has one.
    key: `${kind} ${about ?? ''}`,
    category,
    ...optional('type', type),
    name: nameOf(event, about),
    level,
    state: category === 'health' ? (level === 'ok' ? 'healthy' : 'unhealthy') : (type ?? category),
    severity,
    since: parseTimestamp(fields.from) ?? (level === 'failing' ? parseTimestamp(fields.since) : undefined) ?? at,
    at,
    ...optional('message', textOf(fields.message)),
    ...optional('fix', textOf(fields.fix)),
    ...optional('target', textOf(fields.target)),
    ...optional('causedBy', textOf(fields.caused_by)),
    ...optional('excused', (kind === 'service' && type === 'unknown' && fields.maintenance === true) || undefined),
    ...optional('declared', declaredBy(event, level)),
    ...optional('until', parseTimestamp(fields.until)),
    ...optional('cost', costIn(fields)),
    ...optional('outageSeconds', typeof fields.outage_seconds === 'number' ? fields.outage_seconds : undefined),
  };
}

function levelOf(event: Event): readonly [Level, Severity] {
  const { category, type, fields } = event;
  if (category === 'health') return fields.healthy === false ? ['failing', 'warning'] : ['ok', 'info'];
  if (category === 'service_status' && isAboutAnotherTime(event)) return ['note', 'info'];
  return levels[`${category}.${type}`] ?? ['note', 'info'];
}

/**
 * Somebody says afterwards how a service was, or ahead of time how it will be; the end of an outage that the checks
 * found says how long it was.
 */
function isAboutAnotherTime({ type, fields, created }: Event): boolean {
  const [from = created, until] = [parseTimestamp(fields.from), parseTimestamp(fields.until)];
  if (type !== 'maintenance' && isAhead(from, created)) return true;
  const isEnd = type === 'up' && fields.outage_seconds !== undefined;
  return fields.corrects !== undefined || (until !== undefined && until <= created && !isEnd);
}

function declaredBy({ id, category, type, fields, source }: Event, level: Level): string | undefined {
  if (category !== 'service_status') return undefined;
  if (type === 'withdrawn') return textOf(fields.corrects);
  return level === 'maintenance' && source !== 'health' ? id : undefined;
}

function nameOf({ category, type }: Event, about: string | undefined): string {
  if (category === 'service_status' || category === 'health') return about ?? 'a service without a name';
  if (category === 'problem') return 'event-sink';
  const kind = type === undefined ? category : `${category}.${type}`;
  return about === undefined ? kind : `${kind} of ${about}`;
}

/** Names and messages come from anywhere, and stand in one line of a message. */
const maxTextLength = 1_000;

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value
    .slice(0, maxTextLength)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line === '' ? undefined : line;
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value });
}

function costIn(fields: Fields): string | undefined {
  const words = costInWords(costOfFields(fields));
  return words === '' ? undefined : words;
}
