import { rowOf } from '../../src/sinks/postgresql/row.js';
import { exampleEvent, examples } from './mapping-examples.js';

/** What a body becomes: the columns that have a value, as PostgreSQL is given them. */
export function postgresqlTable(): string {
  const rows = examples.flatMap(([what, body]) => {
    const event = exampleEvent(body);
    if (event.text !== undefined) return [];
    const given = Object.entries(rowOf(event)).filter(([, value]) => value !== null);
    const cells = given.map(([name, value]) => `${name} = \`${value}\``);
    return [`| ${what} | \`${body}\` | ${cells.join('<br>')} |`];
  });
  return ['| | event | row |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
