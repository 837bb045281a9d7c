import { describe } from '../errors.js';
import type { Log } from '../log.js';

/**
 * What became of a publication is settled by now: whoever hears of it cannot change that, or it would be published
 * again, and cannot end what announces it, or others would never hear.
 */
export function announce(log: Pick<Log, 'error'>, announcement: () => void): void {
  try {
    announcement();
  } catch (error) {
    log.error({ reason: describe(error) }, 'delivery.unannounced');
  }
}
