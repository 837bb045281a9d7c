import { acceptEvent } from '../events/accept.js';
import type { Event } from '../events/event.js';
import type { Message } from '../events/message.js';
import { whenNeeded } from '../when-needed.js';
import { isHidden } from './rows.js';
import type { Change } from './rule-state.js';
import { type Severity, severities } from './signal.js';
import { subjectOf, summaryOf } from './words.js';

export const notificationTypes = ['failure', 'resolved', 'reminder', 'notice', 'test'] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** What a channel sends. */
export interface Notification {
  /** The same over retries and restarts. */
  readonly id: string;
  readonly type: NotificationType;
  /** One line. */
  readonly subject: string;
  /** The same in one paragraph. */
  readonly message: string;
  readonly severity: Severity;
  /** When it was decided, epoch ms. */
  readonly created: number;
  /** Names of sinks. */
  readonly channels: readonly string[];
  /** The worst first; of many, those that `kept` keeps. */
  readonly changes: readonly Change[];
  readonly count: number;
  /** The first message about the same outage; undefined for that one. */
  readonly thread: string | undefined;
  readonly pageUrl: string | undefined;
}

/** Whoever has more of them to look at looks at the page. */
export const changesShown = 100;
/** What one cause hides is one row, whose number and names want all of it. */
const hiddenKept = 1_000;

export interface Draft {
  readonly id: string;
  readonly at: number;
  readonly channels: readonly string[];
  readonly changes: readonly Change[];
  readonly thread?: string | undefined;
  readonly pageUrl?: string | undefined;
  /** Default: by what the changes are. */
  readonly type?: NotificationType;
}

export function notificationOf({
  id,
  at,
  channels,
  changes,
  thread,
  pageUrl,
  type = typeOf(changes),
}: Draft): Notification {
  const sorted = [...changes].sort(
    (a, b) => rank(b) - rank(a) || a.since - b.since || byName().compare(a.name, b.name),
  );
  const worst = Math.max(0, ...sorted.map(({ severity }) => severities.indexOf(severity)));
  return {
    id,
    type,
    subject: subjectOf(type, sorted),
    message: summaryOf(sorted),
    severity: severities[worst] ?? 'info',
    created: at,
    channels,
    changes: kept(sorted),
    count: sorted.length,
    thread,
    pageUrl,
  };
}

/** The first ones; and of what one cause hides the names of many more. */
function kept(changes: readonly Change[]): Change[] {
  let [hidden, others] = [0, 0];
  return changes.flatMap((change, place) => {
    if (!isHidden(change)) return others++ < changesShown ? [change] : [];
    if (hidden++ >= hiddenKept) return [];
    const { message: _message, target: _target, fix: _fix, ...name } = change;
    return [place < changesShown ? change : name];
  });
}

const byName = whenNeeded(() => new Intl.Collator('en', { numeric: true }));

/** What fails before what is over. */
function rank({ level, severity }: Change): number {
  return (level === 'failing' ? 10 : 0) + severities.indexOf(severity);
}

function typeOf(changes: readonly Change[]): NotificationType {
  const failing = changes.filter(({ level }) => level === 'failing');
  if (failing.length > 0) return failing.every(({ reminder }) => reminder) ? 'reminder' : 'failure';
  return changes.some(({ level }) => level === 'ok') ? 'resolved' : 'notice';
}

/** The event by which it travels to its channels, and is kept. */
export function eventOf({ id, channels, pageUrl, thread, ...rest }: Notification): Message {
  const { created: now } = rest;
  const event = {
    category: 'notification',
    ...rest,
    channels: channels.join(','),
    ...(thread === undefined ? {} : { thread }),
    ...(pageUrl === undefined ? {} : { url: pageUrl }),
  };
  const accepted = acceptEvent(event, { now, source: 'notification', id });
  if ('message' in accepted) return accepted.message;
  throw new TypeError(accepted.problems.map(({ message }) => message).join('; '));
}

/** Undefined when the event is not a notification of this program: others may use the category for what they like. */
export function readNotification({ id, category, type, fields, created, source }: Event): Notification | undefined {
  const { subject, message, severity, channels, changes, count, thread, url } = fields;
  if (
    category !== 'notification' ||
    source !== 'notification' ||
    typeof subject !== 'string' ||
    typeof message !== 'string'
  )
    return undefined;
  if (typeof channels !== 'string' || !Array.isArray(changes) || !changes.every(isChange)) return undefined;
  return {
    id,
    type: notificationTypes.find(each => each === type) ?? 'notice',
    subject,
    message,
    severity: severities.find(each => each === severity) ?? 'info',
    created,
    channels: channels.split(','),
    changes,
    count: typeof count === 'number' ? count : changes.length,
    thread: typeof thread === 'string' ? thread : undefined,
    pageUrl: typeof url === 'string' ? url : undefined,
  };
}

function isChange(value: unknown): value is Change {
  if (typeof value !== 'object' || value === null) return false;
  const { name, state, level, since, at } = value as Partial<Change>;
  return [name, state, level].every(text => typeof text === 'string') && [since, at].every(Number.isFinite);
}
