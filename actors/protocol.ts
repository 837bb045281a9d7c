import type { Ref } from 'nact';
import type { OutageCost } from '../src/availability/cost.js';
import type { Address, Durability, MessageProperties, Subscription } from '../src/broker/broker.js';
import type { Prepared } from '../src/delivery/prepare.js';
import type { Fault } from '../src/errors.js';
import type { Event } from '../src/events/event.js';
import type { Message } from '../src/events/message.js';
import type { ExtractionReport } from '../src/extractors/extractions.js';
import type { Standing } from '../src/health/dependencies.js';
import type { Declaration } from '../src/health/maintenance.js';
import type { Result } from '../src/health/result.js';
import type { SavedState } from '../src/health/saved-state.js';
import type { PassResult } from '../src/nginx/reader.js';
import type { StubStatus } from '../src/nginx/stub-status/stub-status.js';
import type { WriteResult } from '../src/sinks/sink.js';

/** Everything that actors say to each other. Each switch over these ends in `assertNever`. */

/** How an answer gets back to code that is not an actor. */
export interface Reply<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Called with what sources have published, once it is durable; they get their answer when it resolves, or at once where
 * there is nothing to wait for. Neither rejects nor throws.
 */
export type PublishObserver = (messages: readonly Message[]) => Promise<void> | undefined;

/** What one caller publishes, and where its answer goes. */
export interface PublishRequest {
  readonly messages: readonly Message[];
  readonly reply: Reply<Durability>;
}

export type PublisherMessage =
  /** `take` gives each request once: what has come until then. */
  | { readonly type: 'publish'; readonly take: () => readonly PublishRequest[] }
  | {
      readonly type: 'publishTo';
      readonly address: Address;
      readonly body: string;
      readonly properties: MessageProperties;
      readonly reply: Reply<Durability>;
    }
  | { readonly type: 'observe'; readonly observer: PublishObserver }
  /** Refuse what comes from now on; reply when everything before it has its answer. */
  | { readonly type: 'drain'; readonly reply: Reply<void> };

export type ConsumerMessage =
  | { readonly type: 'begin'; readonly sink: Actor<SinkMessage> }
  | { readonly type: 'subscribed'; readonly subscription: Subscription }
  /** `turn` tells the answer to the current fetch from one that a pause has overtaken. */
  | { readonly type: 'fetched'; readonly turn: number; readonly prepared: Prepared }
  /** From the sink actor: started, or reset after its backoff. */
  | { readonly type: 'sinkReady' }
  /** `index`: of the batch in the message that asked for it. Those of one message come as they are answered. */
  | { readonly type: 'written'; readonly index: number; readonly result: WriteResult; readonly milliseconds: number }
  | { readonly type: 'probed' }
  /**
   * From the sink actor, just before it throws: its supervisor will reset it. `failed`: the calls that failed, once all
   * the others have ended.
   */
  | {
      readonly type: 'sinkFailed';
      readonly fault: SinkFault;
      readonly error: unknown;
      readonly failed: readonly FailedWrite[];
    }
  | { readonly type: 'holdExpired' }
  /** The queue is open again, or deferred events are due. */
  | { readonly type: 'proceed' }
  | { readonly type: 'drain'; readonly reply: Reply<void> };

export type SinkMessage =
  /** Each in a write of its own, all at once. */
  | { readonly type: 'write'; readonly batches: readonly (readonly Event[])[] }
  | { readonly type: 'probe' }
  | { readonly type: 'close'; readonly reply: Reply<void> };

export type HttpMessage =
  /** Replies with the address. */
  | { readonly type: 'listen'; readonly reply: Reply<string> }
  /** From the listener: it accepts no more connections, and nobody asked it to close. */
  | { readonly type: 'failed'; readonly error: Error }
  | { readonly type: 'close'; readonly timeoutMs: number; readonly reply: Reply<void> };

export type ExtractorsMessage =
  | { readonly type: 'listen' }
  | { readonly type: 'heard' }
  | { readonly type: 'unheard'; readonly reason: string }
  | { readonly type: 'close'; readonly reply: Reply<void> };

export type NginxStatusMessage =
  | { readonly type: 'poll' }
  | { readonly type: 'answered'; readonly status: StubStatus }
  | { readonly type: 'unanswered'; readonly reason: string }
  /** Replies when everything is saved. */
  | { readonly type: 'close'; readonly reply: Reply<void> };

export type ExtractionsMessage =
  | { readonly type: 'follow' }
  | { readonly type: 'reported'; readonly report: ExtractionReport }
  | { readonly type: 'close'; readonly reply: Reply<void> };

export type HealthPingMessage =
  | { readonly type: 'begin' }
  /** Undefined: nothing was saved, or nothing readable. */
  | { readonly type: 'restored'; readonly saved: SavedState | undefined }
  | { readonly type: 'due' }
  /** `at`: when the run began, epoch ms. `cost`: of the outage that it may end. */
  | { readonly type: 'ran'; readonly at: number; readonly result: Result; readonly cost: OutageCost | undefined }
  /**
   * By a target that needs this one; replies with a run that began at that moment or later. `outageWillDo`: an outage
   * that was announced is answer enough, however old the run.
   */
  | {
      readonly type: 'asked';
      readonly since: number;
      readonly outageWillDo: boolean;
      readonly reply: Reply<Standing>;
    }
  /** A run is wanted before the next tick. */
  | { readonly type: 'lookAgain' }
  | { readonly type: 'published'; readonly ids: ReadonlySet<string> }
  | { readonly type: 'unpublished'; readonly error: unknown; readonly waitMs: number }
  /** Somebody declared something about this target's maintenance; replies once that is saved. */
  | { readonly type: 'declared'; readonly declaration: Declaration; readonly reply: Reply<void> }
  /** Replies when everything is saved. */
  | { readonly type: 'close'; readonly reply: Reply<void> }
  /** From itself, once nothing is under way any more, and after all messages about that. */
  | { readonly type: 'saveLast'; readonly reply: Reply<void> };

export type NginxLogMessage =
  /** Time to check the file for new lines. */
  | { readonly type: 'check' }
  /** The file was written to. */
  | { readonly type: 'written' }
  /** The watch on the file has ended. */
  | { readonly type: 'unwatched' }
  | { readonly type: 'opened' }
  | { readonly type: 'passed'; readonly result: PassResult }
  | { readonly type: 'failed'; readonly error: unknown }
  /** Replies when what was counted is durable and the files are closed. */
  | { readonly type: 'stop'; readonly reply: Reply<void> };

/** The faults that a sink can throw; `poison` is listed by the sink, not thrown. */
export type SinkFault = Exclude<Fault, 'poison'>;

export interface FailedWrite {
  readonly index: number;
  readonly fault: SinkFault;
  readonly error: unknown;
}

export type Actor<Message> = Ref<Message>;
