import type { Notification } from '../../notify/notification.js';
import { oneLine, type Row, rowsOf } from '../../notify/rows.js';
import { closing } from '../../notify/text.js';
import { detailsOf, phraseOf, sentence } from '../../notify/words.js';

const colours = {
  failure: 'attention',
  reminder: 'warning',
  resolved: 'good',
  notice: 'default',
  test: 'accent',
} as const;
const inFull = 3;
/** A card may have 28 kB. */
const room = { rows: 40, size: 24_000, sizeOf: (row: Row): number => Buffer.byteLength(JSON.stringify(line(row))) + 1 };

/** A Workflow is at an address of Power Automate; the connectors of Office 365 took the same card. */
export function isTeams({ hostname }: URL): boolean {
  return /(?:^|\.)(?:logic\.azure\.com|api\.powerplatform\.com|webhook\.office\.com)$/.test(hostname);
}

/** An adaptive card, the one thing that Workflows of Teams take. */
export function teamsMessage(notification: Notification, host: string) {
  const { subject, type, changes, count, message, pageUrl } = notification;
  const [where = '', sentBy = ''] = closing(notification, host);
  const whole = changes.length <= inFull;
  const listed = rowsOf(changes, count, room);
  const parts = whole
    ? changes.flatMap(change => [
        text(sentence(phraseOf(change)), { weight: 'bolder' }),
        { type: 'FactSet', facts: factsOf(change) },
      ])
    : listed.rows.map(line);
  if (!whole && listed.more > 0) parts.push(text(`and ${listed.more} more`));
  const title = text(sentence(subject), { size: 'medium', weight: 'bolder', color: colours[type] });
  const body = [title, ...(changes.length === 0 ? [text(message)] : parts)];
  if (pageUrl === undefined) body.push(text(where));
  body.push(text(sentBy, { isSubtle: true, size: 'small' }));
  const actions = pageUrl === undefined ? [] : [{ type: 'Action.OpenUrl', title: 'Look at event-sink', url: pageUrl }];
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body,
    actions,
    msteams: { width: 'full' },
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  };
}

function factsOf(change: Notification['changes'][number]) {
  return detailsOf(change).map(([title, value]) => ({ title, value: escaped(value) }));
}

function line(row: Row): Readonly<Record<string, unknown>> {
  return text(oneLine(row));
}

function text(words: string, more: object = {}): Readonly<Record<string, unknown>> {
  return { type: 'TextBlock', text: escaped(words), wrap: true, ...more };
}

/** Cards read Markdown, where the words may come from a service that is watched. */
function escaped(words: string): string {
  return words.replace(/[\\[\]`*_]/g, '\\$&');
}
