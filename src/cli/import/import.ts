import { parseTimestamp } from '../../events/timestamp.js';
import { type Item, isBad, type PastEvent } from '../../import/item.js';
import { isWithin, type TimeRange } from '../../import/range.js';
import { nearest } from '../../settings/nearest.js';
import { type Client, clientFor, clientOptions } from '../client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from '../command.js';
import { finishMonth, monthTable } from '../month.js';
import { Progress } from '../progress.js';
import { noteLines, sendNotes } from './notes.js';
import { PastBatch } from './past-batch.js';
import { type Opened, openers } from './sources.js';
import { Summary } from './summary.js';

const nouns: Readonly<Record<string, string>> = { nginx: 'lines', mongodb: 'documents', ndjson: 'lines' };

export const importHistory: Command = {
  usage: 'import nginx FILE... | mongodb URI|FILE | ndjson FILE...',
  description: `Brings in what happened before the daemon was there: old access logs, the documents of an older event collection, or recorded events (NDJSON). Compressed files are unpacked.

  nginx FILE...    read as the daemon reads its log: run it on its machine, as its user, with its settings
  mongodb URI      documents of one collection, flat or as the older worker wrote them; a FILE holds a URI with a password
  ndjson FILE...   an event a line; one without an id gets one made of its content

The events go to MongoDB, InfluxDB, the local store, the archive and usage, as far as they are configured, or to the sinks that are named; never to analytics otherwise. Ids come from content: what is there already is no second event, and an import that was cut off goes on when it is run again.`,
  options: {
    ...clientOptions,
    sinks: { type: 'string', value: 'NAMES', description: 'the sinks that get them, such as mongodb,usage' },
    since: { type: 'string', value: 'TIME', description: 'only events of this time or later' },
    until: { type: 'string', value: 'TIME', description: 'only events before this time' },
    reopen: {
      type: 'boolean',
      description: 'count closed months of usage anew, from these events; refused where a figure would fall',
    },
    lower: { type: 'boolean', description: 'with --reopen: figures may fall' },
    overlap: {
      type: 'boolean',
      description: 'nginx: also lines of files that the daemon does not know, of times at which it read its own log',
    },
    format: { type: 'string', value: 'FORMAT', description: 'nginx: instead of NGINX_LOG_FORMAT' },
    events: { type: 'string', value: 'KINDS', description: 'nginx: instead of NGINX_TRAFFIC_EVENTS' },
    database: { type: 'string', value: 'NAME', description: 'mongodb: instead of the one in URI, or eventsink' },
    collection: { type: 'string', value: 'NAME', description: 'mongodb: default events' },
  },
  examples: [
    'event-sink import nginx /var/log/nginx/access.log*',
    'event-sink import nginx --sinks usage --until 2026-03-01 old/*.gz',
    'event-sink import mongodb mongodb://old.example.org/clowder --collection eventsink.messages',
    'event-sink import ndjson --reopen events-2025.ndjson.gz',
  ],
  async run(invocation) {
    const { operands, values, terminal } = invocation;
    const [kind = '', ...rest] = operands;
    const open = Object.hasOwn(openers, kind) ? openers[kind] : undefined;
    if (open === undefined) throw new UsageError(unknownKind(kind));
    if (values.lower === true && values.reopen !== true) throw new UsageError('--lower belongs to --reopen');
    const range = { since: time(invocation, 'since'), until: time(invocation, 'until') };
    const client = clientFor(invocation);
    const opened = await open(invocation, rest);
    if (opened.note !== undefined) terminal.err(opened.note);
    const summary = new Summary();
    let seconds = 0;
    let whole = false;
    try {
      seconds = await sendAll(invocation, opened, { client, range, summary });
      whole = true;
    } finally {
      await opened.close(whole);
    }
    if (terminal.outIsTerminal) for (const line of summary.words(nouns[kind] ?? '', seconds)) terminal.out(line);
    else terminal.out(summary.json(seconds));
    return (await finishMonths(invocation, client, summary)) ? exitCodes.ok : exitCodes.failed;
  },
};

export interface Sending {
  readonly client: Client;
  readonly range: TimeRange;
  readonly summary: Summary;
}

/** Resolves when the daemon has all of it, with the seconds that it took. */
export async function sendAll(
  invocation: Invocation,
  opened: Opened,
  { client, range, summary }: Sending,
): Promise<number> {
  const { terminal, clock } = invocation;
  const { source, lines, isFresh } = opened;
  const wanted =
    text(invocation.values, 'sinks')
      ?.split(',')
      .map(name => name.trim()) ?? opened.sinks;
  const batches = new Map<string, PastBatch>();
  const batchFor = (sinks: readonly string[] | undefined): PastBatch => {
    const path = pathOf(invocation, opened, sinks);
    const batch = batches.get(path) ?? new PastBatch(client, path, (receipt, sent) => summary.answered(receipt, sent));
    batches.set(path, batch);
    return batch;
  };
  const take = async (event: PastEvent): Promise<void> => {
    const sinks = event.sinks === undefined ? wanted : wanted?.filter(name => event.sinks?.includes(name));
    if (sinks?.length === 0) return;
    if (event.text.includes('"visitor"') && event.created !== undefined && isFresh?.(event.created)) summary.fresh += 1;
    summary.sent += 1;
    if (!(await batchFor(sinks).add(event))) summary.refuse({ reason: 'it is larger than 1 MiB', where: event.id });
  };
  const one = async (item: Item): Promise<void> => {
    if (isBad(item)) summary.refuse(item);
    else if (isWithin(range, item)) await take(item);
    else summary.passed += 1;
  };
  const progress = new Progress(terminal, clock, source.total);
  try {
    for await (const items of source.items()) {
      for (const item of items) await one(item);
      if (lines === undefined) summary.read += items.length;
      progress.update(source.done, summary.sent);
    }
    for (const batch of batches.values()) await batch.flush();
    if (opened.notes !== undefined && wanted?.includes('usage') !== false)
      await sendNotes(client, pathOf(invocation, opened, ['usage']), noteLines(opened.notes(), range));
  } finally {
    progress.end();
  }
  if (lines !== undefined) summary.read = lines();
  return Math.round(progress.seconds * 10) / 10;
}

function pathOf({ values }: Invocation, { kind }: Opened, sinks: readonly string[] | undefined): string {
  const query = new URLSearchParams();
  if (sinks !== undefined) query.set('sinks', sinks.join(','));
  if (kind !== undefined) query.set('source', kind);
  if (values.reopen === true) query.set('reopen', 'true');
  return query.size === 0 ? '/v1/import' : `/v1/import?${query}`;
}

/** Closed months that were counted anew get their new counts. False: one was refused, and has its old ones. */
async function finishMonths(invocation: Invocation, client: Client, { reopened }: Summary): Promise<boolean> {
  const { terminal, values } = invocation;
  let done = true;
  for (const month of [...reopened].sort()) {
    try {
      const finished = await finishMonth(client, month, values.lower === true);
      terminal.out(terminal.outIsTerminal ? monthTable(finished, terminal.columns) : JSON.stringify(finished));
    } catch (error) {
      done = false;
      terminal.err(`${month} keeps the counts that it had: ${(error as Error).message}`);
    }
  }
  return done;
}

function unknownKind(kind: string): string {
  const kinds = Object.keys(openers);
  const like = nearest(kind, kinds);
  return `import takes ${kinds.join(', ')}${kind === '' ? '' : `, and not "${kind}"`}${like === undefined ? '' : `; did you mean ${like}?`}`;
}

/** @throws UsageError when it is given, and is no time */
export function time({ values }: Invocation, name: string): number | undefined {
  const written = text(values, name);
  const found = parseTimestamp(written);
  if (written !== undefined && found === undefined)
    throw new UsageError(`--${name} must be a time, such as 2026-03-01 or 2026-03-01T12:00:00Z, but is "${written}"`);
  return found;
}
