import type { Change } from './rule-state.js';

export interface GroupWaits {
  /** After the last change before a message goes out, ms. */
  readonly waitMs: number;
  /** After the first one at the latest, ms. */
  readonly maxMs: number;
}

/** Changes that go out as one message. */
interface Group {
  /** When the first and the last of them came, epoch ms. */
  readonly opened: number;
  readonly last: number;
  /** By key; of notes, by key and state. */
  readonly changes: Record<string, Change>;
}

/** What one channel was notified of, and what is gathered for it. Its records may be long, and are changed in place. */
export interface ChannelState {
  readonly group?: Group | undefined;
  /** What still fails, by key: the message that said so. */
  readonly open: Record<string, string>;
  /** The last message about something that fails. */
  readonly failure?: { readonly at: number; readonly thread: string; readonly messages: number } | undefined;
}

/** Messages belong to one outage when the later one comes within this many times the longest wait. */
const outageSpans = 10;
/** While a part of an outage goes on, its ends wait for each other this many times the wait. */
const endWaits = 5;

/** What is over before it was reported is one with its beginning; the same again is counted. */
export function gather(channel: ChannelState, change: Change, now: number): ChannelState {
  const { key, level, state } = change;
  // A note says nothing of what fails meanwhile, and no line break is in a name.
  const slot = level === 'note' ? `${key}\n${state}` : key;
  const group = channel.group ?? { opened: now, last: now, changes: {} };
  const before = group.changes[slot];
  if (change.reminder && before !== undefined) return channel;
  const isBrief = level === 'ok' && before?.level === 'failing' && channel.open[key] === undefined;
  const isAgain = before?.level === level && before.state === state && level !== 'maintenance' && !before.reminder;
  if (isBrief)
    group.changes[slot] = { ...change, since: before.since, severity: before.severity, brief: true as const };
  else group.changes[slot] = isAgain ? { ...change, times: (before.times ?? 1) + 1 } : change;
  return { ...channel, group: { opened: group.opened, last: now, changes: group.changes } };
}

/** It is over, and this channel is not to hear of that; what nobody was notified of yet was brief. */
export function endQuietly(channel: ChannelState, change: Change, now: number): ChannelState {
  const { key, level } = change;
  const { group } = channel;
  const isPending = group?.changes[key]?.level === 'failing' && channel.open[key] === undefined;
  if (isPending && level === 'ok') return gather(channel, change, now);
  delete channel.open[key];
  if (group === undefined || !isPending) return channel;
  delete group.changes[key];
  return Object.keys(group.changes).length === 0 ? { ...channel, group: undefined } : channel;
}

/**
 * When the message is to go out, epoch ms; infinite without one.
 *
 * - It waits for more, `waitMs` after the last change and `maxMs` after the first at most.
 * - What fails in the course of an outage that was reported waits twice as long with each message about that.
 * - The end of an outage waits for the ends of its other parts; with the last one the message goes out at once.
 */
export function dueAt({ group, open, failure }: ChannelState, { waitMs, maxMs }: GroupWaits): number {
  if (group === undefined) return Number.POSITIVE_INFINITY;
  const changes = Object.values(group.changes);
  const patience = Math.min(group.last + waitMs, group.opened + maxMs);
  if (changes.some(({ level }) => level === 'failing')) {
    const isNews = changes.some(({ key, level }) => level === 'failing' && open[key] === undefined);
    const goesOn = Object.keys(open).some(key => group.changes[key]?.level !== 'ok');
    if (!isNews || failure === undefined || !goesOn) return patience;
    return Math.max(patience, failure.at + Math.min(waitMs * 2 ** failure.messages, maxMs));
  }
  if (!changes.every(({ level }) => level === 'ok')) return patience;
  const threads = new Set(changes.flatMap(({ key }) => open[key] ?? []));
  const goesOn = Object.keys(open).some(key => group.changes[key] === undefined && threads.has(open[key]!));
  return goesOn ? Math.min(group.last + endWaits * waitMs, group.opened + maxMs) : group.last;
}

/** @param id of the message about the group */
export function sent(
  channel: ChannelState,
  id: string,
  now: number,
  { maxMs }: GroupWaits,
): { channel: ChannelState; thread: string } {
  const changes = Object.values(channel.group?.changes ?? {});
  const { open } = channel;
  const { failure } = channel;
  const isRecent = failure !== undefined && now - failure.at <= outageSpans * maxMs && Object.keys(open).length > 0;
  const news = changes.filter(({ level, reminder }) => level === 'failing' && !reminder);
  const known = changes.flatMap(({ key }) => open[key] ?? [])[0];
  const thread = news.length > 0 ? (isRecent ? failure.thread : id) : (known ?? id);
  for (const { key, level } of changes) {
    if (level === 'failing') open[key] ??= thread;
    else if (level !== 'note') delete open[key];
  }
  const messages = isRecent ? failure.messages + 1 : 1;
  const next = news.length > 0 ? { at: now, thread, messages } : Object.keys(open).length > 0 ? failure : undefined;
  return { channel: { open, failure: next, group: undefined }, thread };
}
