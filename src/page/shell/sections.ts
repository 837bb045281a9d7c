import { charts } from '../charts/charts.js';
import { deadLetters } from '../dead-letters/dead-letters.js';
import type { PageSection } from '../elements/section.js';
import { events } from '../events/events.js';
import { flow } from '../flow/flow.js';
import { keys } from '../keys/keys.js';
import { ledger } from '../ledger/ledger.js';
import { services } from '../services/services.js';
import { supervision } from '../supervision/supervision.js';

/** The sections, in the order in which they stand on the page. */
export const sections: readonly PageSection[] = [
  flow,
  services,
  charts,
  events,
  deadLetters,
  ledger,
  keys,
  supervision,
];
