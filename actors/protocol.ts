import type { Ref, SupervisionContext } from 'nact';
import type { Address, Durability, Subscription } from '../src/broker/broker.js';
import type { Prepared } from '../src/delivery/prepare.js';
import { describe, type Fault } from '../src/errors.js';
import type { Event } from '../src/events/event.js';
import type { Message } from '../src/events/message.js';
import type { Declaration } from '../src/health/maintenance.js';
import type { Result } from '../src/health/result.js';
import type { SavedState } from '../src/health/saved-state.js';
import type { Log } from '../src/log.js';
import type { PassResult } from '../src/nginx/reader.js';
import type { WriteResult } from '../src/sinks/sink.js';
import type { StatusBoard } from '../src/status/board.js';

/** Everything that actors say to each other. Each switch over these ends in `assertNever`. */

/** What every actor is given. */
export interface ActorTools {
  /** On the status board. */
  readonly path: string;
  readonly board: StatusBoard;
  readonly log: Log;
}

/** How an answer gets back to code that is no actor. */
export interface Reply<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export type PublisherMessage =
  | { readonly type: 'publish'; readonly messages: readonly Message[]; readonly reply: Reply<Durability> }
  | {
      readonly type: 'publishTo';
      readonly address: Address;
      readonly body: string;
      readonly messageId: string | undefined;
      readonly reply: Reply<Durability>;
    }
  /** Refuse what comes from now on; reply when everything before it has its answer. */
  | { readonly type: 'drain'; readonly reply: Reply<void> };

export type ConsumerMessage =
  | { readonly type: 'begin'; readonly sink: Actor<SinkMessage> }
  | { readonly type: 'subscribed'; readonly subscription: Subscription }
  /** `turn` tells an answer to the present question from one that a pause has overtaken. */
  | { readonly type: 'fetched'; readonly turn: number; readonly prepared: Prepared }
  /** From the sink actor: started, or restarted after its backoff. */
  | { readonly type: 'sinkReady' }
  | { readonly type: 'written'; readonly result: WriteResult; readonly milliseconds: number }
  | { readonly type: 'probed' }
  /** From the sink actor, just before it throws: it will be restarted. */
  | { readonly type: 'sinkFailed'; readonly fault: SinkFault; readonly error: unknown }
  | { readonly type: 'holdExpired' }
  /** The queue is open again, or the time of deferred events has come. */
  | { readonly type: 'proceed' }
  | { readonly type: 'drain'; readonly reply: Reply<void> };

export type SinkMessage =
  | { readonly type: 'write'; readonly events: readonly Event[] }
  | { readonly type: 'probe' }
  | { readonly type: 'close'; readonly reply: Reply<void> };

export type HttpMessage =
  /** Replies with the address. */
  | { readonly type: 'listen'; readonly reply: Reply<string> }
  | { readonly type: 'close'; readonly patienceMs: number; readonly reply: Reply<void> };

export type HealthPingMessage =
  | { readonly type: 'begin' }
  /** Undefined: nothing was kept, or nothing that can be read. */
  | { readonly type: 'restored'; readonly saved: SavedState | undefined }
  | { readonly type: 'due' }
  /** `at`: begin of the run, epoch ms. */
  | { readonly type: 'ran'; readonly at: number; readonly result: Result }
  | { readonly type: 'published'; readonly ids: ReadonlySet<string> }
  | { readonly type: 'unpublished'; readonly error: unknown; readonly waitMs: number }
  /** Somebody said something about the maintenance of this target; replies once that is kept. */
  | { readonly type: 'declared'; readonly declaration: Declaration; readonly reply: Reply<void> }
  /** Replies when everything is saved. */
  | { readonly type: 'close'; readonly reply: Reply<void> }
  /** From itself, once nothing is on its way any more: behind what that had to say. */
  | { readonly type: 'saveLast'; readonly reply: Reply<void> };

export type NginxLogMessage =
  /** Time to check the file for new lines. */
  | { readonly type: 'check' }
  /** Something was written to it. */
  | { readonly type: 'written' }
  /** The watch over it has ended. */
  | { readonly type: 'unwatched' }
  | { readonly type: 'opened' }
  | { readonly type: 'passed'; readonly result: PassResult }
  | { readonly type: 'failed'; readonly error: unknown }
  /** Replies when what was counted is durable and the files are closed. */
  | { readonly type: 'stop'; readonly reply: Reply<void> };

/** The faults that a sink can throw; `poison` is listed by the sink, not thrown. */
export type SinkFault = Exclude<Fault, 'poison'>;

/** What the supervisor decides about a sink. Implemented in supervisors/restart.ts, the one place that interprets faults. */
export interface RestartPolicy {
  faultOf(error: unknown): SinkFault;
  /** Resolves when the backoff is over (at once at shutdown): the sink may begin again. Never rejects. */
  crashed(error: unknown): Promise<void>;
  /** A write went through; or a probe, after a long hold. */
  succeeded(): void;
  /** Every event fails: try slowly from now on, until something succeeds. */
  park(): void;
}

export type Actor<Message> = Ref<Message>;

type Supervision = SupervisionContext<never, Ref<never>>;

/**
 * For actors that turn errors into messages: whatever is thrown all the same is a defect of ours. It is logged, the message is lost, the actor
 * goes on with the state that it had. (nact's own default would stop the actor without a word.)
 */
export function resumeAfterDefect(log: Log, actor: string) {
  return (_message: unknown, error: Error | undefined, context: Pick<Supervision, 'resume'>): Supervision['resume'] => {
    log.error({ actor, reason: describe(error), stack: error?.stack }, 'actor.defect');
    return context.resume;
  };
}

/** Asks an actor and waits for its answer. */
export function ask<T>(send: (reply: Reply<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => send({ resolve, reject }));
}
