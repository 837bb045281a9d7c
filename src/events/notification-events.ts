import { type CatalogueEntry, entry } from './catalogue-entry.js';

const message = ['subject', 'message', 'severity', 'channels', 'changes', 'count'] as const;

/** What is wrong with this daemon, and what people are notified of. */
export const notificationEvents: readonly CatalogueEntry[] = [
  entry(
    'problem',
    'problem.raised',
    'Something has been wrong with this daemon for a minute.',
    ['subject', 'severity', 'message', 'from'],
    ['fix'],
  ),
  entry(
    'problem',
    'problem.resolved',
    'It is over.',
    ['subject', 'severity', 'message', 'from', 'until', 'outage_seconds'],
    [],
  ),
  entry('notification', 'notification.failure', 'People are notified that something got worse.', message, [
    'thread',
    'url',
  ]),
  entry('notification', 'notification.resolved', 'People are notified that it is over.', message, ['thread', 'url']),
  entry('notification', 'notification.reminder', 'People are reminded of what is still wrong.', message, [
    'thread',
    'url',
  ]),
  entry('notification', 'notification.notice', 'People are notified of what is neither better nor worse.', message, [
    'thread',
    'url',
  ]),
  entry('notification', 'notification.test', 'A message that somebody asked for, to see whether it arrives.', message),
];
