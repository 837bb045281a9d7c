import { Notes } from '../rendering.js';
import type { Render } from '../sink.js';
import { partsOf } from './line-parts.js';
import { lineOf, refusalOf, type Schema, seriesOf } from './point.js';
import { homeOf } from './slots.js';
import { FieldTypes } from './types.js';

/** What only the server and the events before it decide. */
const serverDecides =
  'a field has the type that the server has for it, where that is another; the last six digits of the time are others where two events of one series meet';

/** The line, at the home of its id and with the types of the catalogue, and what it says part by part. */
export function renderer(schema: Schema): Render {
  return event => {
    const refused = refusalOf(event);
    if (refused !== undefined) return { refused };
    const notes = new Notes();
    // As UTF-8, which has no form for half a surrogate pair.
    const line = Buffer.from(
      lineOf(event, seriesOf(event, schema), homeOf(event.id), schema, new FieldTypes(), notes.add),
    ).toString();
    const parts = partsOf(line);
    for (const [name, value] of Object.entries(event.fields)) {
      const kept = parts.fields[name];
      if (typeof value === 'string' && typeof kept === 'string' && kept.length < value.length)
        notes.add('cut to 65,535 bytes', name);
    }
    notes.add(serverDecides);
    return { output: { line, ...parts }, notes: notes.all };
  };
}
