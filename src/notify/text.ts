import { changesShown, type Notification } from './notification.js';
import { oneLine, rowsOf } from './rows.js';
import { timeInWords } from './times.js';
import { detailsOf, phraseOf, sentence } from './words.js';

/** Changes with all there is to say; of more of them, each has one line. */
const inFull = 3;
const lineLength = 78;

/** The body of a mail as plain text. */
export function plainText(notification: Notification, host: string): string {
  const { changes, count, message, subject } = notification;
  const parts = changes.length <= inFull ? changes.map(block) : [sentence(subject), list(changes, count)];
  const body = changes.length === 0 ? message : parts.join('\n\n');
  return `${body}\n\n${closing(notification, host).join('\n')}\n`;
}

function list(changes: readonly Change[], count: number): string {
  const { rows, more } = rowsOf(changes, count, { rows: changesShown });
  const lines = rows.map(row => `- ${wrapped(oneLine(row), 2)}`);
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

type Change = Notification['changes'][number];

function block(change: Change): string {
  const details = detailsOf(change);
  const width = Math.max(...details.map(([label]) => label.length)) + 2;
  const lines = details.map(([label, text]) => `  ${`${label}:`.padEnd(width)}${wrapped(text, width + 2)}`);
  return [sentence(phraseOf(change)), ...lines].join('\n');
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
