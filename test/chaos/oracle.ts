import type { DeadLetter, DeadLetterPage } from '../../openapi/api-types.js';
import type { TestDaemon } from '../helpers/daemon.js';
import type { Arrival, Destination } from './destinations.js';
import type { SentEvent } from './events.js';
import { grouped } from './grouped.js';
import type { Batch, SentRecord } from './record.js';
import { same } from './same.js';

export interface SinkVerdict {
  readonly sink: string;
  /** Events that are there. */
  readonly arrived: number;
  /** Times that one came again: only Google Analytics cannot tell. */
  readonly repeated: number;
  readonly dead: number;
}

export interface Verdict {
  readonly sinks: readonly SinkVerdict[];
  /** Empty = nothing was lost, doubled, invented or changed. */
  readonly problems: readonly string[];
}

export interface Judged {
  readonly daemon: TestDaemon;
  readonly destinations: readonly Destination[];
  readonly record: SentRecord;
  /** What is refused is nowhere, and what gets no answer is everywhere or nowhere: one transaction on one disk can promise that. */
  readonly exact: boolean;
}

/** Google Analytics has no key for an event: one whose request got no answer is sent again. */
const atLeastOnce = new Set(['ga4']);

/**
 * When everything is quiet: each acknowledged event is in each sink once, or among its dead deadLetters, with a reason, and then not in the
 * sink; only what cannot be expressed at that sink at all is a dead letter. What was refused is nowhere. What got no answer is everywhere or
 * nowhere, and so is its whole batch. Nothing is there that was never sent, what is there is what was sent, and the ledger balances.
 */
export async function judge({ daemon, destinations, record, exact }: Judged): Promise<Verdict> {
  const problems = [...record.surprises];
  const deadLetters = await readDeadLetters(daemon);
  const holdings = [
    holding('local', await stored(daemon), deadLetters),
    ...destinations.map(({ sink, arrivals }) => holding(sink, arrivals(), deadLetters)),
  ];
  for (const one of holdings) problems.push(...invented(one, record), ...doubled(one), ...changed(one, record));
  for (const batch of record.batches) problems.push(...wronged(batch, holdings, exact));
  problems.push(...(await imbalance(daemon)));
  return {
    problems,
    sinks: holdings.map(({ sink, arrivals, dead }) => ({
      sink,
      arrived: arrivals.size,
      repeated: [...arrivals.values()].reduce((sum, list) => sum + list.length - 1, 0),
      dead: dead.size,
    })),
  };
}

/** What is known of one sink. */
interface Holding {
  readonly sink: string;
  readonly arrivals: ReadonlyMap<string, readonly Arrival[]>;
  readonly dead: ReadonlyMap<string, readonly DeadLetter[]>;
}

function holding(sink: string, arrivals: readonly Arrival[], deadLetters: readonly DeadLetter[]): Holding {
  return {
    sink,
    arrivals: grouped(arrivals, ({ id }) => id),
    dead: grouped(
      deadLetters.filter(deadLetter => deadLetter.sink === sink),
      ({ id }) => id,
    ),
  };
}

function invented({ sink, arrivals, dead }: Holding, { byId }: SentRecord): string[] {
  return [...arrivals.keys(), ...dead.keys()].filter(id => !byId.has(id)).map(id => `${sink}: ${id} was never sent`);
}

function doubled({ sink, arrivals, dead }: Holding): string[] {
  return [...arrivals].flatMap(([id, list]) => [
    ...(list.length > 1 && !atLeastOnce.has(sink) ? [`${sink}: ${id} is there ${list.length} times`] : []),
    ...(dead.has(id) ? [`${sink}: ${id} is there, and a dead letter too (${dead.get(id)?.[0]?.reason})`] : []),
  ]);
}

function changed({ sink, arrivals }: Holding, { byId }: SentRecord): string[] {
  return [...arrivals].flatMap(([id, list]) => {
    const sent = byId.get(id)?.event;
    const differences = sent === undefined ? [] : list.map(arrival => arrival.differs(sent));
    return [...new Set(differences)].filter(one => one !== undefined).map(one => `${sink}: ${id}: ${one}`);
  });
}

/** Of a batch: lost, kept although refused, kept in part, or dead without need. */
function wronged({ events, fate }: Batch, holdings: readonly Holding[], exact: boolean): string[] {
  const problems: string[] = [];
  const has = ({ arrivals, dead }: Holding, { id }: SentEvent): boolean => arrivals.has(id) || dead.has(id);
  const kept = holdings.flatMap(one => events.filter(event => has(one, event))).length;
  const all = holdings.length * events.length;
  for (const one of holdings) {
    const missing = events.filter(event => !has(one, event));
    if (fate === 'acknowledged')
      problems.push(...missing.map(({ id }) => `${one.sink}: ${id} was acknowledged, and is lost`));
    if (exact && fate === 'unknown' && kept > 0 && missing.length > 0)
      problems.push(
        `${one.sink} has ${events.length - missing.length} of a batch of ${events.length} (${missing[0]?.id})`,
      );
    for (const event of events) problems.push(...deadWithoutNeed(one, event));
  }
  if (exact && fate === 'refused' && kept > 0)
    problems.push(`${events[0]?.id}: its batch was refused, yet ${kept} of ${all} are there`);
  return problems;
}

function deadWithoutNeed({ sink, dead, arrivals }: Holding, { id, deadAt }: SentEvent): string[] {
  const deadLetters = dead.get(id) ?? [];
  const needed = deadAt.includes(sink);
  if (!needed && deadLetters.length > 0)
    return [`${sink}: ${id} is a dead letter without need: ${deadLetters[0]?.reason}`];
  if (needed && arrivals.has(id)) return [`${sink}: ${id} is there, though its time cannot be expressed there`];
  return deadLetters.some(({ reason }) => reason.length < 15) ? [`${sink}: ${id} is dead for no good reason`] : [];
}

async function stored(daemon: TestDaemon): Promise<Arrival[]> {
  return (await daemon.stored()).map(({ _source, _received, created, ...fields }) => ({
    id: fields.id,
    differs: ({ payload: { created: _form, ...sent }, created: sentAt }) =>
      same('created', created, sentAt) ?? same('event', fields, sent),
  }));
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

async function imbalance(daemon: TestDaemon): Promise<string[]> {
  const ledger = await daemon.json('/v1/ledger');
  const quiet = ledger.balanced && ledger.sinks.every(({ pending }) => pending === 0);
  return quiet ? [] : [`the ledger does not balance: ${JSON.stringify(ledger.sinks)}`];
}
