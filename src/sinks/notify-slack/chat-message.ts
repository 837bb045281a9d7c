import type { Notification } from '../../notify/notification.js';
import { oneLine, type Row, rowsOf } from '../../notify/rows.js';
import { closing } from '../../notify/text.js';
import { detailsOf, phraseOf, sentence } from '../../notify/words.js';

const colours = {
  failure: '#d92d20',
  reminder: '#f79009',
  resolved: '#17b26a',
  notice: '#667085',
  test: '#2e90fa',
} as const;
const inFull = 3;
/** Mattermost takes 16,383 characters, and nobody reads half of that. */
const room = { rows: 40, size: 12_000, sizeOf: (row: Row): number => line(row).length + 1 };

/** What Slack, Mattermost and Rocket.Chat understand alike: a line of text, and an attachment with a colour. */
export function chatMessage(notification: Notification, host: string) {
  const { subject, type, changes, count, message, pageUrl } = notification;
  const [where = '', sentBy = ''] = closing(notification, host);
  const whole = changes.length <= inFull;
  const listed = rowsOf(changes, count, room);
  const lines = whole
    ? changes.map(change => [`*${plain(sentence(phraseOf(change)))}*`, ...details(change)].join('\n'))
    : listed.rows.map(line);
  if (!whole && listed.more > 0) lines.push(`and ${listed.more} more`);
  const body = changes.length === 0 ? [plain(message)] : lines;
  const text = [...body, pageUrl === undefined ? plain(where) : `<${pageUrl}|Look at event-sink>`].join('\n');
  return {
    text: plain(sentence(subject)),
    attachments: [{ color: colours[type], fallback: plain(subject), text, footer: plain(sentBy), mrkdwn_in: ['text'] }],
  };
}

function line(row: Row): string {
  return `• ${plain(oneLine(row))}`;
}

function details(change: Notification['changes'][number]): string[] {
  return detailsOf(change).map(([label, text]) => `${label}: ${plain(text)}`);
}

/** Nothing in it is a link or calls anybody: the words may come from a service that is watched. */
function plain(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=\w)/g, '@\u200b');
}
