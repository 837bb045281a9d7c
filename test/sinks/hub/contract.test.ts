import { monthAfter, written } from '../../../src/calendar.js';
import { hubSink } from '../../../src/sinks/hub.js';
import { submissionCategory } from '../../../src/usage/submissions.js';
import { message } from '../../helpers/memory-broker.js';
import { sinkContract } from '../contract.js';
import { startHub } from './scene.js';

/** A month for each event. */
const months = new Map<string, string>();
for (let number = 1, month = 201501; number <= 50; number += 1, month = monthAfter(month))
  months.set(`event-${String(number).padStart(4, '0')}`, written(month));

const submission = (id: string, month: string | undefined) => ({
  ...message(id, { category: submissionCategory, month }),
  source: 'usage' as const,
});

await sinkContract('hub', async () => {
  const { hub, usage } = await startHub();
  return {
    definition: hubSink,
    config: { url: hub.origin, token: hub.token },
    tools: { reported: usage },
    message: id => submission(id, months.get(id)),
    delivered: () => {
      const submitted = hub.months();
      return [...months].flatMap(([id, month]) => submitted.filter(one => one === month).map(() => id));
    },
    poison: id => submission(id, '2015-13'),
    outage: on => (on ? hub.stop() : hub.start()),
    overload: seconds => {
      hub.always = seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      hub.always = on ? { status: 401 } : undefined;
    },
    close: () => hub.stop(),
  };
});
