import { changesShown, type Notification } from './notification.js';
import { type Row, rowsOf } from './rows.js';
import { closing } from './text.js';
import { detailsOf, phraseOf, sentence } from './words.js';

const inFull = 3;

/** Dark on light and light on dark both read well; the word says it too. */
const colours = {
  failure: '#b42318',
  reminder: '#b54708',
  resolved: '#067647',
  notice: '#475467',
  test: '#175cd3',
} as const;
const font = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

/**
 * The body of a mail as HTML: one column of tables with their styles inline, no picture and nothing to load, as mail
 * programs have it.
 */
export function html(notification: Notification, host: string): string {
  const { subject, type, changes, count, message, pageUrl } = notification;
  const colour = colours[type];
  const whole = changes.length <= inFull;
  const { rows, more } = rowsOf(changes, count, { rows: changesShown });
  const parts = whole ? changes.map(change => block(change, changes.length > 1)) : rows.map(row);
  const rest = !whole && more > 0 ? [`<p style="margin:12px 0 0">and ${more} more</p>`] : [];
  const body = changes.length === 0 ? `<p style="margin:0">${escaped(message)}</p>` : [...parts, ...rest].join('');
  const [, sentBy = ''] = closing(notification, host);
  const where =
    pageUrl === undefined
      ? `<p style="margin:0 0 8px">Where to look: the page of event-sink on ${escaped(host)}</p>`
      : `<p style="margin:0 0 16px"><a href="${escaped(pageUrl)}" style="display:inline-block;padding:9px 16px;border-radius:6px;background:${colour};color:#ffffff;text-decoration:none;font-weight:600">Look at event-sink</a></p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(subject)}</title></head>
<body style="margin:0;padding:0;background:#f2f4f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f4f7"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-radius:8px;border-top:6px solid ${colour};${font};font-size:15px;line-height:1.5;color:#1d2939;text-align:left;word-break:break-word">
<tr><td style="padding:24px 28px 4px"><p style="margin:0 0 4px;font-size:13px;font-weight:600;color:${colour}">${headline[type]}</p>
<h1 style="margin:0;font-size:20px;line-height:1.35;font-weight:600">${escaped(sentence(subject))}</h1></td></tr>
<tr><td style="padding:16px 28px 20px">${body}</td></tr>
<tr><td style="padding:16px 28px 20px;border-top:1px solid #eaecf0;font-size:13px;color:#475467">${where}
<p style="margin:0">${escaped(sentBy)}</p></td></tr>
</table></td></tr></table></body></html>
`;
}

const headline = {
  failure: 'Something is wrong',
  reminder: 'Still wrong',
  resolved: 'It is over',
  notice: 'For your information',
  test: 'A test',
} as const;

type Change = Notification['changes'][number];

function block(change: Change, hasTitle: boolean): string {
  const rows = detailsOf(change).map(
    ([label, text]) =>
      `<tr><td style="padding:3px 16px 3px 0;color:#475467;white-space:nowrap;vertical-align:top">${label}</td><td style="padding:3px 0;vertical-align:top;word-break:break-word">${escaped(text)}</td></tr>`,
  );
  const title = hasTitle
    ? `<p style="margin:12px 0 4px;font-weight:600">${escaped(sentence(phraseOf(change)))}</p>`
    : '';
  return `${title}<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px">${rows.join('')}</table>`;
}

function row({ title, reason, since }: Row): string {
  const details = [...(since === undefined ? [] : [`since ${since}`]), ...(reason === undefined ? [] : [reason])];
  return `<p style="margin:0;padding:8px 0;border-bottom:1px solid #eaecf0"><strong style="font-weight:600">${escaped(sentence(title))}</strong><br><span style="font-size:13px;color:#475467">${escaped(details.join(' · '))}</span></p>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
