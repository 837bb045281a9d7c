import type { Event } from '../events/event.js';

/** For what is no event, and is judged as one. */
export const blankEvent: Event = {
  ...{ id: '', created: 0, category: '', type: undefined, source: 'usage', received: 0 },
  fields: {},
};
