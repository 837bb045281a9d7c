import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter, DeadLetterPage, Ledger, LedgerSink } from '../../openapi/api-types.js';
import type { TestDaemon } from '../helpers/daemon.js';
import { type Arrival, arrivalOf, type Destination, isOwn } from './destinations.js';
import type { SentEvent } from './events.js';
import { markIn } from './events.js';
import { grouped } from './grouped.js';
import type { Batch, Expected, SentRecord } from './record.js';
import { same, sameEvent } from './same.js';

export interface SinkVerdict {
  readonly sink: string;
  /** Events that are there. */
  readonly arrived: number;
  /** Times that one came again: only Google Analytics cannot tell. */
  readonly repeated: number;
  /** Times that a message without id and time shows once more, which RabbitMQ may bring about. */
  readonly renamed: number;
  readonly dead: number;
  /** Acknowledged events that are not there, and were taken out of the queue by somebody else. */
  readonly purged: number;
}

export interface Verdict {
  readonly sinks: readonly SinkVerdict[];
  /** What the ledger says, in words. */
  readonly ledger: string;
  /** Empty = nothing was lost, doubled, invented or changed. */
  readonly problems: readonly string[];
}

export interface Judged {
  readonly daemon: TestDaemon;
  readonly destinations: readonly Destination[];
  readonly record: SentRecord;
  /**
   * What is refused is nowhere, and what gets no answer is everywhere or nowhere: one
   * transaction on one disk can promise that.
   */
  readonly exact: boolean;
  /** Messages that somebody purged from the queue of a sink; infinite = nobody knows how many. */
  readonly purged?: ReadonlyMap<string, number>;
  /** Nothing else takes from the queues, so in the end the counts are exact. */
  readonly alone?: boolean;
  /** How long the ledger may take to find out what is missing, and that no lost consumer is left, ms. */
  readonly ledgerPatienceMs?: number;
  /** The clock was days away: Google Analytics dates events, and takes none of the future or of long ago. */
  readonly farClock?: boolean;
  /**
   * The clock was moved: what was dated while it was ahead, and held until it was right again, is of the future for
   * Google Analytics.
   */
  readonly movedClock?: boolean;
}

/** Google Analytics has no key for an event: one whose request got no answer is sent again. */
const atLeastOnce = new Set(['ga4']);

/**
 * When everything is quiet: each acknowledged event is in each sink once, or among its dead letters, with a reason, and
 * then not in the sink. Events are known by their marks, and counted by the ids that they have there, whoever gave
 * them: of equal events there are as many as were acknowledged. Only what cannot be expressed at a sink is a dead
 * letter there. What was refused is nowhere. What got no answer is everywhere or nowhere, and so is its whole batch.
 * Nothing is there that was never sent, what is there is what was sent, and the ledger balances.
 */
export async function judge(judged: Judged): Promise<Verdict> {
  const { daemon, destinations, record, exact, purged = new Map() } = judged;
  const problems = [...record.surprises];
  const deadLetters = await readDeadLetters(daemon);
  const holdings = [
    holding('local', await stored(daemon), deadLetters),
    ...destinations.map(({ sink, arrivals }) => holding(sink, arrivals(), deadLetters)),
  ];
  const expected = record.expected(exact);
  const gone = new Map<string, number>();
  const numbered = new Map<string, number>();
  for (const one of holdings) {
    const clock = judged.farClock === true && one.sink === 'ga4';
    const excused = judged.movedClock === true && one.sink === 'ga4';
    const dead = excused ? withoutFuture(one.dead) : one.dead;
    problems.push(...invented(one, record), ...doubled({ ...one, dead }, clock), ...changed(one, record));
    const missing = [...record.byMark.values()].flatMap(event => {
      const times = expected.get(event.mark) ?? { min: 0, max: 0 };
      problems.push(...(clock ? [] : deadWithoutNeed({ ...one, dead }, event)), ...tooMany(one, event, times, clock));
      return clock ? [] : tooFew(one, event, times);
    });
    const lostHere = missing.reduce((sum, { times }) => sum + times, 0);
    const purgedHere = purged.get(one.sink) ?? 0;
    gone.set(one.sink, lostHere);
    numbered.set(one.sink, purgedHere === 0 ? 0 : missing.reduce((sum, { own }) => sum + own, 0));
    if (lostHere > purgedHere) problems.push(...missing.map(({ what }) => what));
  }
  if (exact) for (const batch of record.batches) problems.push(...torn(batch, holdings, judged.farClock === true));
  const { ledger, wrong } = await settledLedger(judged, purged, numbered);
  problems.push(...wrong);
  return {
    problems,
    ledger: inWords(ledger),
    sinks: holdings.map(one => ({
      sink: one.sink,
      arrived: one.ids.size,
      repeated: [...one.ids.values()].reduce((sum, list) => sum + list.length - 1, 0),
      renamed: [...record.byMark.values()].reduce((sum, event) => sum + again(one, event, expected), 0),
      dead: one.deadIds,
      purged: gone.get(one.sink) ?? 0,
    })),
  };
}

/** What is known of one sink. */
interface Holding {
  readonly sink: string;
  readonly ids: ReadonlyMap<string, readonly Arrival[]>;
  /** By mark. */
  readonly arrivals: ReadonlyMap<string | undefined, readonly Arrival[]>;
  readonly dead: ReadonlyMap<string | undefined, readonly DeadLetter[]>;
  readonly deadIds: number;
}

function holding(sink: string, arrivals: readonly Arrival[], deadLetters: readonly DeadLetter[]): Holding {
  const own = deadLetters.filter(deadLetter => deadLetter.sink === sink);
  return {
    sink,
    ids: grouped(arrivals, ({ id }) => id),
    arrivals: grouped(arrivals, ({ mark }) => mark),
    dead: grouped(own, ({ body }) => markIn(body)),
    deadIds: new Set(own.map(({ id }) => id)).size,
  };
}

const distinct = (list: readonly { readonly id: string }[] = []): Set<string> => new Set(list.map(({ id }) => id));

/** How many of them are there, dead ones too. */
function timesAt({ arrivals, dead }: Holding, { mark }: SentEvent): number {
  return new Set([...distinct(arrivals.get(mark)), ...distinct(dead.get(mark))]).size;
}

function again(one: Holding, event: SentEvent, expected: ReadonlyMap<string, Expected>): number {
  return event.mayRepeat ? Math.max(0, timesAt(one, event) - Math.max(1, expected.get(event.mark)?.min ?? 0)) : 0;
}

function invented({ sink, arrivals, dead }: Holding, { byMark }: SentRecord): string[] {
  const strange = [...arrivals, ...dead].filter(([mark]) => mark === undefined || !byMark.has(mark));
  return strange
    .flatMap(([, list]) => list as readonly (Arrival | DeadLetter)[])
    .filter(one => !('ownOfDaemon' in one ? one.ownOfDaemon : isOwn(one.body)))
    .map(one => `${sink}: ${one.id} was never sent: ${('text' in one ? one.text : one.body).slice(0, 500)}`);
}

/** `clock`: what was sent while it was days ahead, and whose answer was lost, is of the future when it is back. */
function doubled({ sink, ids, dead, arrivals }: Holding, clock: boolean): string[] {
  const both = [...(clock ? [] : dead)].flatMap(([mark, list]) => {
    const there = distinct(arrivals.get(mark));
    return list.filter(({ id }) => there.has(id));
  });
  return [
    ...[...ids]
      .filter(([, list]) => list.length > 1 && !atLeastOnce.has(sink))
      .map(([id, list]) => `${sink}: ${id} is there ${list.length} times`),
    ...both.map(({ id, reason }) => `${sink}: ${id} is there, and a dead letter too (${reason})`),
  ];
}

function changed({ sink, arrivals }: Holding, { byMark }: SentRecord): string[] {
  return [...arrivals].flatMap(([mark, list]) => {
    const sent = byMark.get(mark ?? '');
    const differences = sent === undefined ? [] : list.map(arrival => arrival.differs(sent));
    return [...new Set(differences)].filter(one => one !== undefined).map(one => `${sink}: ${mark}: ${one}`);
  });
}

interface Lost {
  readonly times: number;
  /** Those among them that the daemon published; with equal events, nobody knows. */
  readonly own: number;
  readonly what: string;
}

function tooFew(one: Holding, event: SentEvent, { min }: Expected): Lost[] {
  if (event.leftOutAt?.includes(one.sink)) return [];
  const found = timesAt(one, event);
  if (found >= min) return [];
  const form = event.payload === undefined ? 'a line or a text, ' : '';
  const what =
    min === 1 ? `${form}acknowledged, and is lost` : `acknowledged ${min} times, and is there ${found} times`;
  const times = min - found;
  const own = event.foreign || isShared(event) ? 0 : times;
  return [{ times, own, what: `${one.sink}: ${event.mark} was ${what}` }];
}

/** `clock`: while it was days behind, what is too old was not. */
function tooMany(one: Holding, event: SentEvent, { max }: Expected, clock: boolean): string[] {
  const times = timesAt(one, event);
  if (event.leftOutAt?.includes(one.sink))
    return times > 0 && !clock ? [`${one.sink}: ${event.mark} is there, though it is too old for it`] : [];
  if (times <= max) return [];
  return max === 0
    ? [`${one.sink}: ${event.mark} was refused, yet it is there`]
    : [`${one.sink}: ${event.mark} is ${times} events, and was ${max === 1 ? 'one' : `at most ${max}`}`];
}

function withoutFuture(dead: Holding['dead']): Holding['dead'] {
  const entries = [...dead].map(([mark, list]) => {
    return [mark, list.filter(({ reason }) => !reason.includes('which is in the future'))] as const;
  });
  return new Map(entries);
}

function deadWithoutNeed({ sink, dead, arrivals }: Holding, { mark, deadAt }: SentEvent): string[] {
  const deadLetters = dead.get(mark) ?? [];
  const needed = deadAt.includes(sink);
  if (!needed && deadLetters.length > 0)
    return [`${sink}: ${mark} is a dead letter without need: ${deadLetters[0]?.reason}`];
  if (needed && arrivals.has(mark)) return [`${sink}: ${mark} is there, though it cannot be expressed there`];
  return deadLetters.some(({ reason }) => reason.length < 15) ? [`${sink}: ${mark} is dead for no good reason`] : [];
}

/** Each sending of a batch is there whole or not at all, in every sink. */
function torn({ events, unanswered }: Batch, holdings: readonly Holding[], farClock: boolean): string[] {
  const counts = holdings
    .filter(({ sink }) => !(farClock && sink === 'ga4'))
    .map(one => {
      const own = events.filter(event => event.leftOutAt?.includes(one.sink) !== true && !isShared(event));
      return { sink: one.sink, times: own.map(event => timesAt(one, event)), first: own[0]?.mark };
    });
  const all = new Set(counts.flatMap(({ times }) => times));
  if (unanswered === 0 || all.size < 2) return [];
  return [`the batch of ${events[0]?.mark} is in pieces: ${JSON.stringify(counts)}`];
}

/** Equal events of several batches. */
function isShared({ payload, id, created }: SentEvent): boolean {
  return payload?.url === '/equal' && id === undefined && created === undefined;
}

async function stored(daemon: TestDaemon): Promise<Arrival[]> {
  return (await daemon.stored()).map(({ _source, _received, created, ...fields }) =>
    arrivalOf(fields.id, fields, ({ payload, id, created: sentAt }) => {
      if (payload === undefined) return undefined;
      const { id: own, ...rest } = fields;
      return (
        (sentAt === undefined ? undefined : same('created', created, sentAt)) ??
        sameEvent('event', id === undefined ? rest : { ...rest, id: own }, payload)
      );
    }),
  );
}

async function readDeadLetters(daemon: TestDaemon): Promise<DeadLetter[]> {
  const deadLetters: DeadLetter[] = [];
  let cursor: string | null = null;
  do {
    const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: DeadLetterPage = await daemon.json(`/v1/dead-letters?limit=1000${at}`);
    deadLetters.push(...page.dead_letters);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return deadLetters;
}

/** The ledger as soon as nothing is wrong with it, or when the time is over. */
async function settledLedger(judged: Judged, purged: ReadonlyMap<string, number>, lost: ReadonlyMap<string, number>) {
  const { daemon, alone = false, ledgerPatienceMs = 0 } = judged;
  const deadline = performance.now() + ledgerPatienceMs;
  for (;;) {
    const ledger = await daemon.json('/v1/ledger');
    const wrong = imbalance(ledger, purged, lost);
    if (alone && !ledger.exact) wrong.push(`the ledger is not exact: ${JSON.stringify(ledger.sinks)}`);
    if (wrong.length === 0 || performance.now() >= deadline) return { ledger, wrong };
    await sleep(500);
  }
}

/**
 * A ledger that says `inexact` proves nothing. In any other, everything is accounted for, and what somebody purged is
 * missing, at least if it was the daemon that published it.
 */
function imbalance(
  ledger: Pick<Ledger, 'balanced' | 'sinks'>,
  purged: ReadonlyMap<string, number>,
  lost: ReadonlyMap<string, number>,
): string[] {
  const wrong = ({ sink, pending, missing, difference, inexact }: LedgerSink): boolean => {
    if (pending > 0) return true;
    if (inexact !== null) return difference !== null;
    return difference !== 0 || missing > (purged.get(sink) ?? 0) || missing < (lost.get(sink) ?? 0);
  };
  const said = ledger.balanced === ledger.sinks.every(({ missing, difference }) => missing === 0 && !difference);
  if (said && !ledger.sinks.some(wrong)) return [];
  const gone = [...lost].filter(([, times]) => times > 0).map(([sink, times]) => `, of ${sink} are gone ${times}`);
  return [`the ledger does not balance${gone.join('')}: ${JSON.stringify(ledger.sinks)}`];
}

function inWords({ balanced, sinks }: Pick<Ledger, 'balanced' | 'sinks'>): string {
  const inexact = sinks.find(one => one.inexact !== null)?.inexact;
  const words = sinks.filter(({ missing }) => missing > 0).map(({ sink, missing }) => `${sink} ${missing} missing`);
  return [balanced ? 'balanced' : 'not balanced', ...words, ...(inexact ? [`not exact: ${inexact}`] : [])].join(', ');
}
