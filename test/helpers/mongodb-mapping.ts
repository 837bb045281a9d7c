import { BSON, Decimal128, Long } from 'mongodb';
import { toDocument } from '../../src/sinks/mongodb/document.js';
import { numberStore } from '../../src/sinks/mongodb/numbers.js';
import { exampleEvent, examples } from './mapping-examples.js';

/** What a body becomes, as MongoDB's extended JSON shows it: with the type of every value. */
export function mongodbTable(): string {
  const rows = examples.map(([what, body]) => {
    const stored = BSON.deserialize(
      BSON.serialize(toDocument(exampleEvent(body), numberStore({ Long, Decimal128 }, true))),
      { promoteValues: false },
    );
    return `| ${what} | \`${body}\` | \`${BSON.EJSON.stringify(stored, { relaxed: false })}\` |`;
  });
  return ['| | event | document |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
