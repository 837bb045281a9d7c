import { createHash } from 'node:crypto';
import { escaped } from '../printed/markup.js';
import type { Incident } from './incidents.js';
import type { Planned } from './planned.js';
import type { StatusView } from './status-page.js';
import { rangeInWords, spanInWords } from './times.js';

const titles = { down: 'does not work', degraded: 'does not work well', maintenance: 'maintenance' } as const;

interface Entry {
  readonly id: string;
  readonly title: string;
  /** Epoch ms. */
  readonly published: number;
  readonly updated: number;
  readonly text: string;
}

/** The incidents and the planned maintenance as a feed for readers. @see RFC 4287 */
export function statusAsAtom({ name, at, planned, incidents }: StatusView): string {
  const entries = [...planned.map(entryOfPlanned), ...incidents.map(one => entryOf(one, at))];
  const updated = entries.length === 0 ? at : Math.max(...entries.map(entry => entry.updated));
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>${idOf(name)}</id>
<title>${escaped(name)}: incidents</title>
<updated>${iso(updated)}</updated>
<author><name>${escaped(name)}</name></author>
${entries.map(written).join('\n')}
</feed>
`;
}

/** The id of an incident stays when it begins, when somebody says more, and when it ends; its entry is updated. */
function entryOf({ service, state, from, until, updates }: Incident, at: number): Entry {
  const goesOn = until === null ? ' It goes on.' : '';
  const said = updates.map(({ message }) => sentence(message)).join('');
  const ends = until === null || until > at ? [] : [until];
  return {
    id: idOf(service, state, from),
    title: `${service}: ${titles[state]}`,
    published: Math.min(from, at),
    updated: Math.min(Math.max(from, ...ends, ...updates.map(update => update.at)), at),
    text: `${said}${spanInWords(from, until, at)}.${goesOn}`,
  };
}

function entryOfPlanned({ service, from, until, message, announced }: Planned): Entry {
  const said = message === null || message === '' ? '' : sentence(message);
  const time = until === null ? `From ${spanInWords(from, from, from)} on` : rangeInWords(from, until);
  return {
    id: idOf(service, 'maintenance', from),
    title: `${service}: planned maintenance`,
    published: announced,
    updated: announced,
    text: `${said}${time}.`,
  };
}

function sentence(message: string): string {
  return /[.?!]$/.test(message) ? `${message} ` : `${message}. `;
}

function written({ id, title, published, updated, text }: Entry): string {
  return `<entry>
<id>${id}</id>
<title>${escaped(title)}</title>
<published>${iso(published)}</published>
<updated>${iso(updated)}</updated>
<content type="text">${escaped(text)}</content>
</entry>`;
}

function idOf(...parts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
