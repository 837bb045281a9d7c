import type { Clock } from '../../clock.js';
import { SetupError, TransientError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { halves } from '../../halves.js';
import type { Log } from '../../log.js';
import { redact } from '../../redact.js';
import { type HttpResponse, httpFault, summary } from '../http/faults.js';
import type { Rejection, WriteResult } from '../sink.js';
import { lineOf, type Schema } from './point.js';
import type { Place } from './slots.js';
import { conflictIn, FieldTypes, type TypeConflict } from './types.js';
import { emptyWrite, type FaultNames, type Writer } from './writer.js';

/** An event on its way: its place among the others, and how far from its millisecond it is written. */
export class Point implements Place {
  /** In the batch. */
  readonly index: number;
  readonly event: Event;
  readonly series: string;
  slot = 0;

  constructor(index: number, event: Event, series: string) {
    this.index = index;
    this.event = event;
    this.series = series;
  }

  get id(): string {
    return this.event.id;
  }

  get created(): number {
    return this.event.created;
  }
}

/**
 * Requests of one write. A batch full of bad events needs two for each of them, and must still come to an end before
 * the runner's deadline: what is undecided then comes again, without those that are decided.
 */
const maxRequests = 300;
const undecidedWaitMs = 100;
/**
 * More lines than this that are dropped at once share the one reason that is given; fewer are sent again one by one.
 */
const oneReasonAbove = 64;
/** Fields of one line whose type can differ from what is known of the measurement (1.x has a type per shard). */
const maxConflicts = 16;

/** "points beyond retention policy" of 1.x, "outside retention policy" of 2; not where a refusal quotes an event. */
const beyondRetention = /^[^'"]{0,200}\b(?:beyond|outside)(?: the)? retention polic/i;

type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'too large' }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly conflict: TypeConflict | undefined;
      /** Lines that were not written, when the server counts them. */
      readonly dropped: number | undefined;
    };

/**
 * Writes points until each is accepted, rejected or found to be too old. Points are idempotent, so a request that is
 * refused in part is split and sent again until the refusal is about one line: that one is rejected, in the server's
 * words.
 */
export class PointWriter {
  readonly #writer: Writer;
  readonly #schema: Schema;
  readonly #types = new FieldTypes();
  readonly #context: FaultNames;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(writer: Writer, schema: Schema, context: FaultNames, clock: Clock, log: Log) {
    this.#log = log;
    this.#writer = writer;
    this.#schema = schema;
    this.#context = context;
    this.#clock = clock;
  }

  async write(items: readonly Point[], signal: AbortSignal): Promise<WriteResult> {
    const rejected: Rejection[] = [];
    const tooOld: number[] = [];
    const undecided: number[] = [];
    const work: (readonly Point[])[] = items.length === 0 ? [] : [items];
    let requests = 0;
    let linesAreToBlame = false;
    const learnt = new Set<string>();
    for (let chunk = work.pop(); chunk !== undefined; chunk = work.pop()) {
      if (requests >= maxRequests) {
        undecided.push(...chunk.map(({ index }) => index));
        continue;
      }
      requests += 1;
      const outcome = await this.#send(chunk, this.#types, signal);
      if (outcome.kind === 'accepted') continue;
      if (outcome.kind === 'refused' && outcome.conflict !== undefined && !learnt.has(outcome.conflict.field)) {
        learnt.add(outcome.conflict.field);
        await this.#learn(outcome.conflict, signal);
        work.push(chunk);
        continue;
      }
      const parts = split(chunk, outcome);
      if (parts.length > 1) {
        work.push(...parts);
        continue;
      }
      if (outcome.kind === 'refused' && !linesAreToBlame) {
        await this.#blameLines(outcome.reason, signal);
        linesAreToBlame = true;
      }
      const reason = chunk.length === 1 ? await this.#alone(chunk[0]!, outcome, signal) : reasonOf(outcome);
      if (reason === undefined) continue;
      if (outcome.kind === 'refused' && beyondRetention.test(reason)) tooOld.push(...chunk.map(({ index }) => index));
      else rejected.push(...chunk.map(({ index }) => ({ index, reason })));
    }
    return {
      rejected,
      ...(tooOld.length === 0 ? {} : { tooOld }),
      ...(undecided.length === 0 ? {} : { deferred: { indexes: undecided, retryAfterMs: undecidedWaitMs } }),
    };
  }

  /** Whether a write would have a chance. @throws as a write does */
  async probe(signal: AbortSignal): Promise<void> {
    const answer = await this.#writer.send(emptyWrite, signal);
    if (answer.status === 200 && answer.text === '') return;
    this.#outcome(answer);
  }

  async #send(chunk: readonly Point[], types: FieldTypes, signal: AbortSignal): Promise<Outcome> {
    return this.#outcome(await this.#writer.send(bodyOf(chunk, this.#schema, types), signal));
  }

  /** A new type of a field; with it, on 1.x, all the others, so that each costs no request of its own. */
  async #learn(conflict: TypeConflict, signal: AbortSignal): Promise<void> {
    for (const [name, type] of await this.#writer.fieldTypes(signal)) this.#types.learn(name, type);
    if (this.#types.learn(conflict.field, conflict.type)) this.#log.info(conflict, 'type.learnt');
  }

  /** The last word on one line: undefined when it was written after all, with types that hold for it alone. */
  async #alone(point: Point, first: Outcome, signal: AbortSignal): Promise<string | undefined> {
    const types = this.#types.copy();
    let outcome = first;
    for (let n = 0; n < maxConflicts; n += 1) {
      if (outcome.kind !== 'refused' || outcome.conflict === undefined) break;
      if (!types.learn(outcome.conflict.field, outcome.conflict.type)) break;
      outcome = await this.#send([point], types, signal);
    }
    return outcome.kind === 'accepted' ? undefined : reasonOf(outcome);
  }

  /** A refusal that a line which writes nothing gets too is about the request: nobody's event is bad. */
  async #blameLines(reason: string, signal: AbortSignal): Promise<void> {
    const outcome = this.#outcome(await this.#writer.send(emptyWrite, signal));
    if (outcome.kind === 'refused' && outcome.reason === reason) {
      throw new SetupError(`InfluxDB refuses every request: ${reason}`);
    }
  }

  /** @throws TransientError, SetupError */
  #outcome(answer: HttpResponse): Outcome {
    const context = { ...this.#context, now: this.#clock.now() };
    const fault = httpFault(answer, context);
    if (fault !== undefined) throw fault;
    switch (answer.status) {
      case 204:
        return { kind: 'accepted' };
      case 413:
        return { kind: 'too large' };
      case 201:
        // Version 3: part of it was written, and the body says what was not.
        if (answer.text.trim() === '') return { kind: 'accepted' };
        break;
      case 400:
      case 422:
        break;
      default:
        throw new TransientError(`${summary(answer, context)}, which is not an answer of InfluxDB`);
    }
    const text = errorIn(answer.text);
    if (text === undefined) throw new TransientError(`${summary(answer, context)}, which is not an answer of InfluxDB`);
    const clean = redact(text, this.#context.secrets);
    return {
      kind: 'refused',
      reason: clean.length > 1000 ? `${clean.slice(0, 1000)}…` : clean,
      conflict: conflictIn(text),
      dropped: droppedIn(text),
    };
  }
}

/**
 * Byte by byte as the lines are made: a batch of half-built texts would survive until it is joined, at twice the cost.
 */
function bodyOf(chunk: readonly Point[], schema: Schema, types: FieldTypes): Uint8Array {
  let body = Buffer.allocUnsafe(chunk.length * 640);
  let length = 0;
  for (const { event, series, slot } of chunk) {
    const line = lineOf(event, series, slot, schema, types);
    const max = length + line.length * 3 + 1;
    if (max > body.length) {
      const larger = Buffer.allocUnsafe(Math.max(max, body.length * 2));
      body.copy(larger, 0, 0, length);
      body = larger;
    }
    length += body.write(line, length);
    body[length] = 0x0a;
    length += 1;
  }
  return body.subarray(0, length);
}

function reasonOf(outcome: Exclude<Outcome, { kind: 'accepted' }>): string {
  return outcome.kind === 'refused'
    ? `InfluxDB refused it: ${outcome.reason}`
    : 'InfluxDB refused it: the point alone is larger than the server takes';
}

/** `{error}` of 1.x and 3, `{code, message}` of 2; version 3 adds what was wrong with which line. */
function errorIn(text: string): string | undefined {
  try {
    const { error, message, data } = JSON.parse(text) as Record<string, unknown>;
    const said = typeof error === 'string' ? error : message;
    if (typeof said !== 'string' || said === '') return undefined;
    const lines = Array.isArray(data) ? data.map(one => (one as Record<string, unknown> | null)?.error_message) : [];
    return [said, ...new Set(lines.filter(one => typeof one === 'string'))].join('; ');
  } catch {
    return undefined;
  }
}

function droppedIn(text: string): number | undefined {
  const found = /dropped=(\d+)\s*$/.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/**
 * Smaller requests whose answers say more; the chunk itself when no answer could. Points that are too old for the
 * bucket are the oldest of the chunk, so the count of the dropped says which they are.
 */
function split(chunk: readonly Point[], outcome: Outcome): (readonly Point[])[] {
  if (chunk.length === 1) return [chunk];
  if (outcome.kind === 'refused' && outcome.conflict === undefined && outcome.dropped !== undefined) {
    const { dropped } = outcome;
    const tooOld = beyondRetention.test(outcome.reason);
    if (dropped === chunk.length && (tooOld || dropped > oneReasonAbove)) return [chunk];
    if (tooOld && dropped > 0 && dropped < chunk.length) {
      const byAge = [...chunk].sort((a, b) => a.event.created - b.event.created);
      return [byAge.slice(dropped), byAge.slice(0, dropped)];
    }
  }
  const [former, latter] = halves(chunk);
  return [latter, former];
}
