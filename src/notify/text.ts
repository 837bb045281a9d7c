import type { Notification } from './notification.js';
import { timeInWords } from './times.js';
import { detailsOf, phraseOf, sentence } from './words.js';

/** Changes with all there is to say; of more of them, each has one line. */
const inFull = 3;
const lineLength = 78;

/** The body of a mail as plain text. */
export function plainText(notification: Notification, host: string): string {
  const { changes, count, message } = notification;
  const whole = changes.length <= inFull;
  const blocks = changes.map(change => (whole ? block(change) : `- ${oneLine(change)}`));
  const more = count > changes.length ? [`- and ${count - changes.length} more`] : [];
  const body = changes.length === 0 ? message : [...blocks, ...more].join(whole ? '\n\n' : '\n');
  const head = changes.length > 1 ? `${sentence(notification.subject)}\n\n` : '';
  return `${head}${body}\n\n${closing(notification, host).join('\n')}\n`;
}

type Change = Notification['changes'][number];

function block(change: Change): string {
  const details = detailsOf(change);
  const width = Math.max(...details.map(([label]) => label.length)) + 2;
  const lines = details.map(([label, text]) => `  ${`${label}:`.padEnd(width)}${wrapped(text, width + 2)}`);
  return [sentence(phraseOf(change)), ...lines].join('\n');
}

/** `clowder is down: connection refused (since …)` */
export function oneLine(change: Change): string {
  const details = new Map(detailsOf(change));
  const reason = details.get('Reason');
  const since = details.get('Since');
  return `${phraseOf(change)}${reason === undefined ? '' : `: ${reason}`}${since === undefined ? '' : ` (since ${since})`}`;
}

/** Where it comes from, and where to look. */
export function closing({ pageUrl, created }: Notification, host: string): readonly string[] {
  return [
    pageUrl === undefined ? `Where to look: the page of event-sink on ${host}` : `Where to look: ${pageUrl}`,
    `Sent by event-sink on ${host}, ${timeInWords(created)}`,
  ];
}

function wrapped(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last === '') lines[lines.length - 1] = word;
    else if (indent + last.length + word.length < lineLength) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
