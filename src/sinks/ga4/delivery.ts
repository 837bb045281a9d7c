import { TransientError } from '../../errors.js';
import type { Log } from '../../log.js';
import { NoAnswerError } from '../http/faults.js';
import type { Ledger } from './ledger.js';
import { type Ga4Request, halves } from './requests.js';

export interface Channel {
  /** What Google said against it, or undefined when it took it. @throws TransientError, SetupError */
  send(request: Ga4Request): Promise<string | undefined>;
  /** Resolves when a request that no event can spoil passes. @throws TransientError, SetupError */
  knock(): Promise<void>;
}

export interface DeliveryOptions {
  readonly channel: Channel;
  readonly ledger: Ledger;
  readonly log: Log;
  /** What to do when a request may have arrived although no answer came. */
  readonly onAmbiguous: 'resend' | 'skip';
}

/** Requests under way at once: each waits a round trip, and most hold few events. */
const atOnce = 6;

/**
 * Sends requests until each event is sent or rejected; resolves with the reasons of the rejected, by id.
 *
 * Several workers take from one line. What was taken by Google is recorded before anything else happens to it. A refused request is cut in
 * halves down to the one event that is to blame. At the first error no worker takes more; those under way end first, so that what they sent
 * is recorded; then the error is thrown, and at the next try the ledger leaves out what was sent. With `skip`, a request that may have arrived is recorded as
 * sent, and the error is thrown only when others are left: an outage then costs what was under way, not the whole batch.
 */
export async function deliver(
  requests: readonly Ga4Request[],
  { channel, ledger, log, onAmbiguous }: DeliveryOptions,
): Promise<ReadonlyMap<string, string>> {
  const line = [...requests];
  const rejected = new Map<string, string>();
  let open = false;
  let failure: { readonly error: unknown; readonly skipped: boolean } | undefined;

  const settle = async (request: Ga4Request): Promise<void> => {
    const ids = request.hits.map(hit => hit.id);
    let refusal: string | undefined;
    try {
      refusal = await channel.send(request);
    } catch (error) {
      if (onAmbiguous === 'resend' || !(error instanceof NoAnswerError) || !error.ambiguous) throw error;
      await ledger.record(ids);
      log.warn({ count: ids.length, error: error.message }, 'batch.assumed_sent');
      failure ??= { error, skipped: true };
      return;
    }
    if (refusal === undefined) return ledger.record(ids);
    if (!open) {
      await channel.knock();
      open = true;
    }
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) rejected.set(only, refusal);
    else line.unshift(...halves(request));
  };

  const work = async (): Promise<void> => {
    for (
      let request = line.shift();
      request !== undefined;
      request = failure === undefined ? line.shift() : undefined
    ) {
      try {
        await settle(request);
      } catch (error) {
        if (failure === undefined || failure.skipped) failure = { error, skipped: false };
      }
    }
  };
  // A worker that finds the line empty ends; one that halves a request goes on with the halves itself.
  await Promise.all(Array.from({ length: Math.min(atOnce, line.length) }, work));

  const { error, skipped } = failure ?? {};
  if (failure !== undefined && !skipped) throw error;
  if (line.length > 0)
    throw new TransientError('no answer from Google Analytics; the rest is sent later', { cause: error });
  return rejected;
}
