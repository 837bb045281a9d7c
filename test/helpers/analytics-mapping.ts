import { catalogue } from '../../src/events/catalogue.js';
import type { Event, Fields } from '../../src/events/event.js';
import { type Field, fields } from '../../src/events/fields.js';
import { DeviceReader } from '../../src/people/devices.js';
import { compile as compileAmplitude } from '../../src/sinks/amplitude/compile.js';
import { compile as compileGa4 } from '../../src/sinks/ga4/compile.js';
import { eventOf } from './sink-session.js';

const now = 1_700_000_000_000;
const devices = new DeviceReader();
const amplitude = (event: Event): object => compileAmplitude(event, { devices });
const ga4 = (event: Event): object => {
  const { context, event: hit } = compileGa4(event, { devices, now, clientId: undefined });
  return { ...context, events: { ...hit } };
};

const samples: Readonly<Record<string, unknown>> = {
  user_agent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36',
  ip: '192.0.2.7',
  country: 'DE',
};

/** The tables of docs/mapping-analytics.md, found by compiling one event of each kind, and one with each field. */
export function analyticsTables(): string {
  const kinds = catalogue.map(({ category, type }) => {
    const event = eventOf({ category, ...(type === undefined ? {} : { type }), created: now });
    const title = compileAmplitude(event, { devices }).event_type;
    const { name } = compileGa4(event, { devices, now, clientId: undefined }).event;
    return `| \`${category}${type === undefined ? '' : `.${type}`}\` | ${title} | \`${name}\` |`;
  });
  const known = Object.entries<Field>(fields)
    .filter(([name]) => !['id', 'category', 'type', 'created'].includes(name))
    .map(([name, field]) => {
      const sample =
        samples[name] ?? (field.kind === 'id' || field.kind === 'text' || field.kind === 'url' ? `/${name}` : 41);
      const both = [amplitude, ga4].map(compiled => places(compiled, { [name]: sample }));
      const note = field.personal === undefined ? '' : field.personal === 'id' ? ' ²' : ' ¹';
      return `| \`${name}\`${note} | ${both.join(' | ')} |`;
    });
  return [
    '| event | Amplitude event type | GA4 event name |',
    '| --- | --- | --- |',
    ...kinds,
    '',
    '| field | Amplitude | GA4 |',
    '| --- | --- | --- |',
    ...known,
    '',
  ].join('\n');
}

/** What is new, or another, when the event has the field. */
function places(compiled: (event: Event) => object, field: Fields): string {
  const base = { category: 'x', created: now, ...(field.user_id === undefined ? { user_id: 'u' } : {}) };
  const without = new Map(leaves(compiled(eventOf(base))));
  const found = leaves(compiled(eventOf({ ...base, ...field })))
    .filter(([path, value]) => without.get(path) !== value)
    .map(([path]) => `\`${path}\``);
  return found.length === 0 ? '–' : found.join(', ');
}

function leaves(value: unknown, path = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}
