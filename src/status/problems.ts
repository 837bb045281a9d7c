import type { BrokerStatus, QueueInfo } from '../broker/broker.js';
import type { ContextStatus } from '../context/context.js';
import type { Fault } from '../errors.js';
import type { StallSummary } from '../event-loop/stalls.js';
import type { CountryStatus } from '../geoip/countries.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import { contextProblems } from './context-problems.js';
import { countryProblems } from './country-problems.js';
import { extractionProblems } from './extraction-problems.js';
import { type FoundProblem, plural, serviceProblemKey, withoutStop } from './found-problem.js';
import { logProblems } from './log-problems.js';
import { nginxStatusProblems } from './nginx-status-problems.js';
import type { ServiceState, SinkStatus } from './report.js';
import { stallProblems } from './stall-problems.js';

export interface Findings {
  readonly broker: BrokerStatus;
  /** Since when the broker is in its state, epoch ms. */
  readonly brokerSince: number;
  readonly sinks: readonly SinkStatus[];
  readonly services: readonly ServiceState[];
  readonly actors: readonly ActorStatus[];
  /** What storage says of itself. */
  readonly storage?: readonly FoundProblem[];
  /** The queues are in the daemon's own storage. */
  readonly embedded?: boolean;
  readonly ledger: LedgerReport | undefined;
  /** What is wrong with the keys. */
  readonly keys: readonly FoundProblem[];
  /** What is wrong with settings that were read again. */
  readonly settings?: readonly FoundProblem[];
  /** Queues that no sink consumes; undefined = not known yet. */
  readonly orphans: readonly QueueInfo[] | undefined;
  readonly listener: readonly FoundProblem[];
  /** Ids that belong to two events. */
  readonly conflicts: readonly FoundProblem[];
  readonly context?: ContextStatus;
  readonly countries?: CountryStatus;
  readonly stalls?: StallSummary | undefined;
  /** Epoch ms. */
  readonly now?: number;
}

export const deadLettersKey = (sink: string): string => `dead ${sink}`;
const orphanKey = (queue: string): string => `orphan ${queue}`;
const ledgerKey = (sink: string): string => `ledger ${sink}`;

const fixes: Record<Fault, string> = {
  transient:
    'Nothing is lost: the events wait in their queue, and the daemon keeps trying. Make sure that the destination is up and can be reached from here.',
  setup:
    'Nothing is lost: the events wait in their queue. Fix the setting or the permission; the daemon notices by itself, without a restart.',
  bug: 'Nothing is lost: the events wait in their queue. This is a defect of event-sink: please report it with the log.',
  poison: 'Look at the dead letters of this sink.',
};

const acknowledging = (sink: string): string =>
  `If you know why: event-sink ledger acknowledge ${sink}. See docs/runbook.md.`;

/** What is wrong, since when and what to do, in words; worst first. Empty when all is well. */
export function problemsOf({
  broker,
  brokerSince,
  sinks,
  services,
  actors,
  ledger,
  storage = [],
  embedded = false,
  orphans,
  keys,
  settings = [],
  listener,
  conflicts,
  context,
  countries,
  stalls,
  now = 0,
}: Findings): FoundProblem[] {
  const problems = services.filter(({ state }) => state === 'down').map(serviceProblem);
  problems.push(...stallProblems(stalls, now));
  problems.push(...storage);
  for (const row of ledger?.balanced === false ? ledger.sinks : []) {
    const unknown = row.missing - row.acknowledged;
    if (unknown > 0 && embedded) {
      problems.push({
        key: `missing ${row.sink}`,
        severity: 'critical',
        what: `${plural(unknown, 'event')} accepted for ${row.sink} went with a part of the database that was lost.`,
        since: undefined,
        fix:
          'The ledger keeps this count for ever. Logs can be read again, and clients that keep their events can send them again: those that are there are recognised. ' +
          acknowledging(row.sink),
      });
    } else if (unknown > 0) {
      problems.push({
        key: `missing ${row.sink}`,
        severity: 'critical',
        what: `${plural(unknown, 'event')} that RabbitMQ confirmed never came to the queue of ${row.sink}: purged, expired or cut off by a policy.`,
        since: undefined,
        fix:
          'These events are lost for this sink alone. Find out who purges the queue, or which policy of RabbitMQ limits it (rabbitmqctl list_policies), and take that away. ' +
          acknowledging(row.sink),
      });
    }
    if (row.difference === 0 || row.difference === null) continue;
    const what = `The ledger of ${row.sink} does not balance: ${plural(Math.abs(row.difference), 'event')} ${row.difference > 0 ? 'missing' : 'too many'}.`;
    problems.push({
      key: ledgerKey(row.sink),
      severity: 'critical',
      what,
      since: undefined,
      fix: 'Keep the data folder as it is, and report this with the log.',
    });
  }
  if (broker.state === 'down') {
    problems.push({
      key: 'broker',
      severity: 'critical',
      what: `Events are not accepted: ${withoutStop(broker.detail)}.`,
      since: brokerSince,
      fix: 'Nothing that was accepted is lost. Clients are answered 503 and retry later, and sources wait. Make room on the disk under DATA_DIR, or see to what keeps the sinks or RabbitMQ from taking what waits.',
    });
  } else if (broker.state === 'outbox') {
    problems.push({
      key: 'broker',
      what: `RabbitMQ cannot take events. ${withoutStop(broker.detail)}. In the outbox: ${plural(broker.outbox, 'event')}.`,
      since: brokerSince,
      fix: 'Nothing is lost. Make sure that RabbitMQ is up and can be reached; the outbox empties by itself.',
    });
  }
  for (const { key, what, fix } of broker.problems ?? [])
    problems.push({ key: `broker ${key}`, what, since: undefined, fix });
  problems.push(...keys);
  problems.push(...settings);
  for (const actor of actors) {
    if (actor.state !== 'failed') continue;
    const what = `${actor.path} has given up: ${withoutStop(actor.lastError?.message ?? 'no reason known')}.`;
    problems.push({
      key: actor.path,
      severity: 'critical',
      what,
      since: actor.since,
      fix: fixes[actor.lastError?.fault ?? 'bug'],
    });
  }
  for (const actor of actors)
    problems.push(...logProblems(actor), ...nginxStatusProblems(actor), ...extractionProblems(actor));
  for (const sink of sinks) {
    const actor = actors.find(({ path }) => path === actorPaths.sink(sink.sink));
    if (actor?.lastError === undefined || (actor.state !== 'holding' && actor.state !== 'parked')) continue;
    const { message, fault } = actor.lastError;
    const state = actor.state === 'parked' ? 'fails at every event and is tried slowly' : 'is not taking events';
    problems.push({
      key: actor.path,
      what: `${sink.title} ${state}: ${withoutStop(message)}. ${waitingInWords(sink)}`,
      since: actor.since,
      fix: fixes[fault],
    });
  }
  problems.push(...listener);
  problems.push(...services.filter(({ state }) => state === 'degraded').map(serviceProblem));
  for (const sink of sinks) {
    const consumer = actors.find(({ path }) => path === actorPaths.consumer(sink.sink));
    problems.push(...unsettledProblems(sink, consumer));
  }
  for (const sink of sinks) {
    if (sink.dead === null || sink.dead === 0) continue;
    problems.push({
      key: deadLettersKey(sink.sink),
      what: `${plural(sink.dead, 'event')} could not be delivered to ${sink.title} and ${sink.dead === 1 ? 'is' : 'are'} kept as dead letters.`,
      since: undefined,
      fix: 'Read the reasons under dead letters. When the cause is fixed, send them again from there.',
    });
  }
  problems.push(...conflicts);
  if (context !== undefined) problems.push(...contextProblems(context));
  if (countries !== undefined) problems.push(...countryProblems(countries));
  for (const { name, ready } of orphans ?? []) {
    problems.push({
      key: orphanKey(name),
      what: `No sink consumes the queue ${name}: it holds ${plural(ready, 'event')}, and grows with every event that arrives.`,
      since: undefined,
      fix: `Switch its sink on again, or remove the queue with everything in it: event-sink queues remove ${name}`,
    });
  }
  return problems;
}

function serviceProblem({ service_name: name, state, since, reason }: ServiceState): FoundProblem {
  const why = reason === null ? '' : `: ${withoutStop(reason)}`;
  const fix =
    'This is about the service, which event-sink only watches. The entry disappears once the checks find the service up again.';
  return { key: serviceProblemKey(name), what: `${name} is ${state}${why}.`, since: since ?? undefined, fix };
}

/** Dead letters that the broker does not keep, and events whose settlement it does not take. */
function unsettledProblems({ title }: SinkStatus, consumer: ActorStatus | undefined): FoundProblem[] {
  if (consumer === undefined) return [];
  const { unsettled, delayed } = consumer.detail;
  const reason = withoutStop(consumer.lastError?.message ?? 'no reason known');
  const problems: FoundProblem[] = [];
  const { path: key, since } = consumer;
  if (typeof unsettled === 'number')
    problems.push({
      key,
      what: `${plural(unsettled, 'dead letter')} of ${title} cannot be kept: ${reason}.`,
      since,
      fix: 'Nothing is lost: they stay in the queue of the sink until they are kept, and the daemon keeps trying. Other events go past them, until as many wait as the sink may hold.',
    });
  if (typeof delayed === 'number')
    problems.push({
      key: `${key} settlement`,
      what: `The broker does not settle ${plural(delayed, 'event')} that ${title} is done with: ${reason}.`,
      since,
      fix: 'Nothing is lost: they stay in the queue of the sink, and the daemon keeps trying. What comes after them waits, and some of them may be delivered again after a restart.',
    });
  return problems;
}

/** Whether a problem cannot be judged now, by its key: one that was found before stands as it was. */
export function unjudged({
  ledger,
  sinks,
  orphans,
}: Pick<Findings, 'ledger' | 'orphans'> & { readonly sinks: readonly Pick<SinkStatus, 'sink' | 'dead'>[] }): (
  key: string,
) => boolean {
  const unbalanced = (ledger?.sinks ?? []).filter(({ difference }) => difference === null);
  const uncounted = sinks.filter(({ dead }) => dead === null);
  const unknown = new Set([
    ...unbalanced.map(({ sink }) => ledgerKey(sink)),
    ...uncounted.map(({ sink }) => deadLettersKey(sink)),
  ]);
  return key => unknown.has(key) || (orphans === undefined && key.startsWith(orphanKey('')));
}

function waitingInWords({ pending }: SinkStatus): string {
  return pending === null ? 'How many events wait is not known.' : `${plural(pending, 'event')} waiting.`;
}
