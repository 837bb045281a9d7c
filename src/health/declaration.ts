import { isLive, type Message } from '../events/message.js';
import { parseTimestamp } from '../events/timestamp.js';
import type { KeepCorrectionArguments } from '../storage/availability.js';
import type { Declaration } from './maintenance.js';

const marker = '"service_status"';

/** What a message says about a service that is watched; undefined for every other message, and cheap for those. */
export function declarationOf({ id, body, source, received }: Message): Declaration | undefined {
  if (source === 'health' || !isLive(source) || !body.includes(marker)) return undefined;
  let event: Readonly<Record<string, unknown>>;
  try {
    event = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { category, type, service_name: service, message, by } = event;
  if (category !== 'service_status' || typeof type !== 'string' || typeof service !== 'string') return undefined;
  const at = parseTimestamp(event.created) ?? received;
  const window = {
    from: parseTimestamp(event.from) ?? at,
    until: parseTimestamp(event.until),
    message: typeof message === 'string' ? message : undefined,
  };
  return { service, status: type, at, id, by: typeof by === 'string' ? by : undefined, window };
}

/** What a declaration says of the availability of its service. */
export function correctionOf({ service, id, status, at, by, window }: Declaration): KeepCorrectionArguments {
  const { from, until = null, message = null } = window;
  return { service, correction: { id, from, until, state: status, message, by: by ?? null, at } };
}
