import { catalogue } from '../../src/events/catalogue.js';
import { type Field, fields } from '../../src/events/fields.js';
import { DeviceReader } from '../../src/people/devices.js';
import { compile, type Hit } from '../../src/sinks/matomo/compile.js';
import { eventOf } from './sink-session.js';

const options = { siteId: 1, siteUrl: 'https://clowder', idDimension: undefined, devices: new DeviceReader() };
const created = 1_700_000_000_000;
const hitOf = (given: Readonly<Record<string, unknown>>): Hit => compile(eventOf({ created, ...given }), options);

const samples: Readonly<Record<string, unknown>> = {
  user_agent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36',
  ip: '192.0.2.7',
  country: 'DE',
  url: 'https://clowder/x',
  referrer: 'https://example.org/',
};

/** The tables of docs/mapping-matomo.md, found by compiling one event of each kind, and one with each field. */
export function matomoTables(): string {
  const kinds = catalogue.map(({ category, type }) => {
    const hit = hitOf({ category, type, resource_id: 'ID' });
    const shown = ['url', 'action_name', 'download', 'e_c', 'e_a'].filter(name => hit[name] !== undefined);
    const what = hit.action_name !== undefined ? 'page view' : hit.download !== undefined ? 'download' : 'event';
    const cells = shown.map(name => `${name}=\`${hit[name]}\``).join(' ');
    return `| \`${category}${type === undefined ? '' : `.${type}`}\` | ${what} | ${cells} |`;
  });
  const kept = Object.entries<Field>(fields)
    .filter(([name]) => !['id', 'category', 'type'].includes(name))
    .map(([name, field]) => [name, field, places(name)] as const)
    .filter(([, , found]) => found.length > 0)
    .map(([name, field, found]) => {
      const note = field.personal === undefined ? '' : field.personal === 'id' ? ' ²' : ' ¹';
      return `| \`${name}\`${note} | ${found.map(parameter => `\`${parameter}\``).join(', ')} |`;
    });
  return [
    '| event | is at Matomo | |',
    '| --- | --- | --- |',
    ...kinds,
    '',
    '| field | parameters |',
    '| --- | --- |',
    ...kept,
    '',
  ].join('\n');
}

/** Which parameters are new, or others, when a view, a download or an event has the field. */
function places(name: string): string[] {
  const sample = samples[name] ?? (name === 'created' ? created + 5_000 : '41');
  const found = ['page_view', 'download', 'upload'].flatMap(category =>
    [sample, Number(sample)].flatMap(value => {
      const base = { category, ...(name === 'user_id' ? {} : { user_id: 'u' }) };
      const without = hitOf(base);
      return Object.entries(hitOf({ ...base, [name]: value }))
        .filter(([parameter, one]) => without[parameter] !== one)
        .map(([parameter]) => parameter);
    }),
  );
  return [...new Set(found)];
}
