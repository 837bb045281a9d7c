import type { Notification } from '../../notify/notification.js';
import { oneLine, rowsOf } from '../../notify/rows.js';
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
const linesShown = 40;

/** What Slack, Mattermost and Rocket.Chat understand alike: a line of text, and an attachment with a colour. */
export function chatMessage(notification: Notification, host: string) {
  const { subject, type, changes, count, message, pageUrl } = notification;
  const [where = '', sentBy = ''] = closing(notification, host);
  const whole = changes.length <= inFull;
  const lines = whole
    ? changes.map(change => [`*${plain(sentence(phraseOf(change)))}*`, ...details(change)].join('\n'))
    : rowsOf(changes.slice(0, linesShown)).map(row => `• ${plain(oneLine(row))}`);
  const more = count - (whole ? changes.length : Math.min(changes.length, linesShown));
  if (more > 0) lines.push(`and ${more} more`);
  const body = changes.length === 0 ? [plain(message)] : lines;
  const text = [...body, pageUrl === undefined ? plain(where) : `<${pageUrl}|Look at event-sink>`].join('\n');
  return {
    text: plain(sentence(subject)),
    attachments: [{ color: colours[type], fallback: plain(subject), text, footer: plain(sentBy), mrkdwn_in: ['text'] }],
  };
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
