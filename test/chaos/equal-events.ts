import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { until } from '../helpers/wait.js';
import { StruckBroker } from './broker.js';
import { type Destination, startDestinations } from './destinations.js';

export interface EqualEventsOptions {
  readonly broker: 'embedded' | 'rabbitmq';
  /** At least this many are acknowledged. */
  readonly events: number;
  readonly clients: number;
  /** `kill -9`, at even steps of the way. */
  readonly kills: number;
}

export interface EqualEvents {
  readonly acknowledged: number;
  /** Events of requests whose answer was lost: each such request is there whole, or not at all. */
  readonly unanswered: number;
  readonly kills: number;
  /** Events at each sink, by id, and how many came there more than once. */
  readonly sinks: readonly { readonly sink: string; readonly stored: number; readonly repeated: number }[];
  /** In words, for a person. */
  readonly ledger: string;
  readonly seconds: number;
  /** Empty = each acknowledged event is stored once, in every sink, and the ledger says so. */
  readonly problems: readonly string[];
}

/** The same for all: nothing but their number tells whether one is lost or doubled. */
const event = { category: 'api_call', url: '/api/datasets', user_id: 'one-user' };
const batchSizes = [1, 25, 50, 10, 3];
/**
 * Google Analytics has no key for an event: what was sent and not acknowledged when the daemon was
 * killed is sent again, with the same id.
 */
const atLeastOnce = new Set(['ga4']);

/**
 * Equal events without ids from many clients, while the daemon is killed with -9 again and again. An event without an
 * id is an event of its own, so the count is what is checked: at least what was acknowledged, at most what was
 * acknowledged and what got no answer.
 */
export async function equalEvents({ broker: kind, events, clients, kills }: EqualEventsOptions): Promise<EqualEvents> {
  const began = performance.now();
  const broker = kind === 'rabbitmq' ? await StruckBroker.start() : undefined;
  if (broker !== undefined && 'skip' in broker) throw new Error(broker.skip);
  const destinations = await startDestinations();
  const env = Object.assign({}, ...destinations.map(({ settings }) => settings));
  if (broker !== undefined) env.RABBITMQ_URI = broker.uri;
  const daemon = new TestDaemon({ port: await freePort(), env });
  try {
    await daemon.start();
    const sent = new Sent(events);
    const load = Array.from({ length: clients }, (_, number) => sent.from(daemon, number));
    for (let kill = 1; kill <= kills; kill += 1) {
      const enough = (events * (kill - 0.5)) / kills;
      await until(async () => sent.acknowledged >= enough, `${enough} events`, 300_000, 5);
      await daemon.kill('SIGKILL');
      await daemon.start();
    }
    await Promise.all(load);
    // What is in the outbox waits for no sink yet.
    await until(async () => (await daemon.json('/v1/status')).broker.outbox === 0, 'an empty outbox', 600_000, 200);
    await daemon.drained(600_000);
    const result = await judge(daemon, destinations, sent);
    if ((await daemon.kill('SIGTERM')) !== 0) result.problems.push('the daemon did not end in order');
    const seconds = Math.round((performance.now() - began) / 1000);
    return { ...result, acknowledged: sent.acknowledged, unanswered: sent.unanswered, kills, seconds };
  } finally {
    await daemon.remove();
    await Promise.all(destinations.map(destination => destination.stop()));
    await broker?.stop();
  }
}

/** What the clients know. */
class Sent {
  acknowledged = 0;
  unanswered = 0;
  readonly surprises = new Map<string, number>();
  readonly #events: number;

  constructor(events: number) {
    this.#events = events;
  }

  /**
   * A client that posts one batch after the other, and goes on with the next when an answer is lost: to send
   * equal events again would be new ones.
   */
  async from(daemon: TestDaemon, number: number): Promise<void> {
    for (let turn = number; this.acknowledged < this.#events; turn += 1) {
      const size = batchSizes[turn % batchSizes.length] ?? 1;
      const answer = await this.#send(daemon, size);
      if (answer === 'acknowledged') this.acknowledged += size;
      if (answer === 'unanswered') this.unanswered += size;
      if (answer !== 'acknowledged') await sleep(50);
    }
  }

  async #send(daemon: TestDaemon, size: number): Promise<'acknowledged' | 'unanswered' | 'refused' | 'not sent'> {
    let status = 0;
    try {
      const response = await daemon.post(size === 1 ? event : Array.from({ length: size }, () => event));
      ({ status } = response);
      const text = await response.text();
      if (status === 202) {
        const receipt = JSON.parse(text) as Receipt;
        if (receipt.accepted !== size || receipt.duplicates !== 0) this.#surprise(`a receipt for ${size}: ${text}`);
        return 'acknowledged';
      }
      if (status !== 503) this.#surprise(`${status} to a good request: ${text.slice(0, 200)}`);
      return 'refused';
    } catch (error) {
      // Nobody listens: nothing was sent. An answer that has begun is one: the status goes out after the commit.
      if ((error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED') return 'not sent';
      return status === 202 ? 'acknowledged' : 'unanswered';
    }
  }

  #surprise(what: string): void {
    this.surprises.set(what, (this.surprises.get(what) ?? 0) + 1);
  }
}

async function judge(daemon: TestDaemon, destinations: readonly Destination[], sent: Sent) {
  const problems = [...sent.surprises].map(([what, times]) => `${times} × ${what}`);
  const found = new Map<string, readonly string[]>([['local', (await daemon.stored()).map(({ id }) => id)]]);
  for (const { sink, arrivals } of destinations)
    found.set(
      sink,
      arrivals().map(({ id }) => id),
    );
  // The daemon's own are events of problems that have lasted a minute.
  const max = sent.acknowledged + sent.unanswered + (await daemon.stored('problem')).length;
  const local = new Set(found.get('local'));
  const sinks = [...found].map(([sink, ids]) => {
    const distinct = new Set(ids);
    const repeated = ids.length - distinct.size;
    if (distinct.size < sent.acknowledged) problems.push(`${sink}: ${sent.acknowledged - distinct.size} lost`);
    if (distinct.size > max) problems.push(`${sink}: ${distinct.size - max} more than were sent`);
    if (repeated > 0 && !atLeastOnce.has(sink)) problems.push(`${sink}: ${repeated} are there again`);
    const others = [...distinct].filter(id => !local.has(id)).length;
    if (others > 0) problems.push(`${sink}: ${others} have an id that the local store does not know`);
    return { sink, stored: distinct.size, repeated };
  });
  const dead = (await daemon.json('/v1/dead-letters?limit=1')).dead_letters;
  if (dead.length > 0) problems.push(`a dead letter: ${JSON.stringify(dead[0])}`);
  return { problems, sinks, ledger: await ledgerSays(daemon, local.size, problems) };
}

/** The ledger has as many events as the store, and they are all accounted for. */
async function ledgerSays(daemon: TestDaemon, stored: number, problems: string[]): Promise<string> {
  const { exact, balanced, sinks } = await daemon.json('/v1/ledger');
  if (!balanced) problems.push(`the ledger does not balance: ${JSON.stringify(sinks)}`);
  for (const { sink, accepted, pending, difference, inexact } of sinks) {
    if (pending > 0) problems.push(`the ledger has ${pending} waiting for ${sink}`);
    if (inexact === null && (accepted !== stored || difference !== 0))
      problems.push(`the ledger has ${accepted} accepted for ${sink}, but ${stored} are stored`);
  }
  if (exact) return balanced ? `balanced, with ${stored} accepted for each sink` : 'not balanced';
  return `not exact: ${sinks.find(({ inexact }) => inexact !== null)?.inexact}`;
}

/** For a person, beginning with what was done. */
export function equalEventsReport(kind: string, result: EqualEvents): string {
  const { acknowledged, unanswered, kills, sinks, ledger, seconds, problems } = result;
  const number = (count: number): string => count.toLocaleString('en-GB');
  const lines = [
    `${kind}: ${number(acknowledged)} equal events acknowledged and ${number(unanswered)} without an answer, ${kills} kill -9, ${seconds} s`,
    ...sinks.map(
      ({ sink, stored, repeated }) =>
        `  ${sink.padEnd(10)} ${number(stored).padStart(8)} stored${repeated > 0 ? `, ${repeated} times again` : ''}`,
    ),
    `  ledger: ${ledger}`,
    ...problems.map(problem => `  FAILED ${problem}`),
  ];
  return [
    ...lines,
    ...(problems.length === 0 ? ['  ok: each acknowledged one is stored once, in every sink'] : []),
  ].join('\n');
}
