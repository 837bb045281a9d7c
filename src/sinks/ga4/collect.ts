import { HaltedError, TransientError } from '../../errors.js';
import type { Log } from '../../log.js';
import { NoAnswerError } from '../http/faults.js';
import { type Ga4Request, halved } from './requests.js';
import type { SentIds } from './sent-ids.js';

export interface Transport {
  /** What Google said against it, or undefined when it took it. @throws TransientError, SetupError */
  send(request: Ga4Request): Promise<string | undefined>;
  /** Resolves when a request that no event can spoil is taken. @throws TransientError, SetupError */
  check(): Promise<void>;
}

export interface CollectOptions {
  readonly transport: Transport;
  readonly sentIds: SentIds;
  readonly log: Log;
  /** What to do when a request may have arrived although no answer came. */
  readonly onAmbiguous: 'resend' | 'skip';
  /** Aborts when another write has failed: no more requests are begun. */
  readonly halt?: AbortSignal | undefined;
}

/** Requests under way at once: each waits a round trip, and most hold few events. */
const atOnce = 6;

/**
 * Sends requests until each event is sent or rejected; resolves with the reasons of the rejected, by id.
 *
 * Several workers take from one line. What was taken by Google is recorded before anything else happens to it. A
 * refused request is cut in halves down to the one event that is to blame. At the first error, of this write or of one
 * beside it, no worker takes more; those under way end first, so that what they sent is recorded; then the error is
 * thrown, and the next try leaves out what was sent. With `skip`, a request that may have arrived is recorded as sent,
 * and the error is thrown only when others are left: an outage then costs what was under way, not the whole batch.
 */
export async function collect(
  requests: readonly Ga4Request[],
  { transport, sentIds, log, onAmbiguous, halt }: CollectOptions,
): Promise<ReadonlyMap<string, string>> {
  const line = [...requests];
  const rejected = new Map<string, string>();
  let open = false;
  let failure: { readonly error: unknown; readonly skipped: boolean } | undefined;

  const settle = async (request: Ga4Request): Promise<void> => {
    const ids = request.hits.map(hit => hit.id);
    let refusal: string | undefined;
    try {
      refusal = await transport.send(request);
    } catch (error) {
      if (onAmbiguous === 'resend' || !(error instanceof NoAnswerError) || !error.ambiguous) throw error;
      await sentIds.record(ids);
      log.warn({ count: ids.length, reason: error.message }, 'batch.assumed_sent');
      failure ??= { error, skipped: true };
      return;
    }
    if (refusal === undefined) return sentIds.record(ids);
    if (!open) {
      await transport.check();
      open = true;
    }
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) rejected.set(only, refusal);
    else line.unshift(...halved(request));
  };

  const next = (): Ga4Request | undefined =>
    failure === undefined && halt?.aborted !== true ? line.shift() : undefined;
  const work = async (): Promise<void> => {
    for (let request = next(); request !== undefined; request = next()) {
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
  if (line.length === 0) return rejected;
  if (failure === undefined) throw new HaltedError('another write has failed; the rest is sent later');
  throw new TransientError('no answer from Google Analytics; the rest is sent later', { cause: error });
}
