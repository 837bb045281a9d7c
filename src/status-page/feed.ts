import { createHash } from 'node:crypto';
import { durationInWords, escaped, timeInWords } from '../printed/markup.js';
import type { Incident } from './incidents.js';
import type { StatusView } from './status-page.js';

const titles = { down: 'does not work', degraded: 'does not work well', maintenance: 'maintenance' } as const;

/** The incidents as a feed for readers. @see RFC 4287 */
export function statusAsAtom({ name, at, incidents }: StatusView): string {
  const updated = Math.max(...incidents.map(({ from, until }) => until ?? from), 0);
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>${idOf(name)}</id>
<title>${escaped(name)}: incidents</title>
<updated>${new Date(updated === 0 ? at : Math.min(updated, at)).toISOString()}</updated>
<author><name>${escaped(name)}</name></author>
${incidents.map(one => entry(one, at)).join('\n')}
</feed>
`;
}

/** The id of an incident stays when it ends, and its entry is updated. */
function entry({ service, state, from, until, message }: Incident, at: number): string {
  const end = until === null ? 'It goes on.' : `Until ${timeInWords(until)}, ${durationInWords(until - from)}.`;
  const said = message === null || message === '' ? '' : `${escaped(message)} `;
  return `<entry>
<id>${idOf(service, state, from)}</id>
<title>${escaped(service)}: ${titles[state]}</title>
<published>${new Date(from).toISOString()}</published>
<updated>${new Date(Math.min(until ?? from, at)).toISOString()}</updated>
<content type="text">${said}Since ${timeInWords(from)}. ${end}</content>
</entry>`;
}

function idOf(...parts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
