import { isLive, type Message } from '../events/message.js';
import { isAhead, parseTimestamp } from '../events/timestamp.js';
import type { Correction, KeepCorrectionArguments } from '../storage/availability.js';
import { type Declaration, endsMaintenance } from './maintenance.js';

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
  const { category, type, service_name: service, message, by, corrects } = event;
  if (category !== 'service_status' || typeof type !== 'string' || typeof service !== 'string') return undefined;
  if (type === 'withdrawn' && typeof corrects !== 'string') return undefined;
  // The clock of whoever said it may be ahead.
  const at = Math.min(parseTimestamp(event.created) ?? received, received);
  const from = parseTimestamp(event.from) ?? at;
  const window = {
    from: type === 'maintenance' || isAhead(from, at) ? from : Math.min(from, at),
    until: parseTimestamp(event.until),
    message: typeof message === 'string' ? message : undefined,
  };
  // Over HTTP it is the name of the key (http/said-by.ts); elsewhere anybody may have written it.
  const key = source === 'http' && typeof by === 'string' ? by : undefined;
  const withdraws = type === 'withdrawn' ? { withdraws: String(corrects) } : {};
  return { service, status: type, at, id, by: key, window, ...withdraws };
}

/** What a declaration says of the availability of its service. */
export function correctionOf(declaration: Declaration): KeepCorrectionArguments {
  const { service, id, status, at, by, window, withdraws } = declaration;
  const { message = null } = window;
  const correction = { id, ...spanOf(declaration), state: status, message, by: by ?? null, at };
  return { service, correction, endsMaintenance: endsMaintenance(declaration), withdraws };
}

/** Only maintenance is known ahead: another state holds until it is said, and of time to come its words remain. */
function spanOf({ status, at, window }: Declaration): Pick<Correction, 'from' | 'until'> {
  const { from, until = null } = window;
  if (status === 'maintenance' || until === null || until <= at) return { from, until };
  return { from, until: from < at ? at : null };
}
