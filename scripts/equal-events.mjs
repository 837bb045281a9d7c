// Equal events without ids, and kill -9: see test/chaos/equal-events.ts, which this runs as it was compiled.
//
//   node scripts/equal-events.mjs [--broker embedded|rabbitmq] [--events N] [--clients N] [--kills N]
import { parseArgs } from 'node:util';
import { equalEvents, equalEventsReport } from '../dist/test/chaos/equal-events.js';

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'embedded' },
    events: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '16' },
    kills: { type: 'string', default: '10' },
  },
});
const { broker } = values;
const [events, clients, kills] = [values.events, values.clients, values.kills].map(Number);
const result = await equalEvents({ broker, events, clients, kills });
console.log(equalEventsReport(broker, result));
// Whatever is still open then is not a reason to stay.
process.exit(result.problems.length === 0 ? 0 : 1);
