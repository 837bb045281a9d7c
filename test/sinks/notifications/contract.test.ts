import { TransientError } from '../../../src/errors.js';
import { notificationsSink } from '../../../src/sinks/notifications.js';
import { message } from '../../helpers/memory-broker.js';
import { sinkContract } from '../contract.js';

await sinkContract('notify', async () => {
  const taken = new Set<string>();
  let full = false;
  return {
    definition: notificationsSink,
    config: {},
    tools: {
      notifications: {
        add: async events => {
          if (full) throw new TransientError('the disk is full');
          const known = events.filter(({ id }) => taken.has(id)).length;
          for (const { id } of events) taken.add(id);
          return known;
        },
      },
    },
    message: id => message(id, { category: 'service_status', type: 'down', service_name: 'a', created: Date.now() }),
    delivered: () => [...taken],
    outage: on => {
      full = on;
    },
  };
});
