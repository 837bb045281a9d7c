import { withValue } from '../events/json-text.js';
import { parseTimestamp } from '../events/timestamp.js';
import { Batcher } from './batches.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, number, UsageError } from './command.js';
import { type Chunks, fileSize, type Line, openFile, readLines, withId } from './events.js';
import { lineId, Occurrences } from './occurrences.js';
import { Progress } from './progress.js';

export const replay: Command = {
  usage: 'replay FILE... [--speed N | --now] [--rebase] [--url URL]',
  description:
    'Sends recorded events (NDJSON, also .gz; - is standard input) at the pace of their `created` times, file after file.\nEvents keep their `created`. One without an id gets one made of its line and of the number of equal lines before it, so replaying the same files again adds nothing.\nA recording without ids cannot be recognised as events that arrived live before: then they are there twice.',
  options: {
    speed: { type: 'string', value: 'N', description: 'N times as fast as they were recorded (default: 1)' },
    now: { type: 'boolean', description: 'as fast as possible' },
    rebase: {
      type: 'boolean',
      description:
        'shift all times so that the newest is now: these are then new events, unless they have ids of their own',
    },
    ...clientOptions,
  },
  examples: [
    'event-sink replay --now fixtures/events/clowder.ndjson',
    'event-sink replay --speed 60 --rebase monday.ndjson.gz',
    'zcat old/*.gz | event-sink replay --now -',
  ],
  async run(invocation) {
    const { values, operands: files, clock, terminal } = invocation;
    if (files.length === 0) throw new UsageError('replay needs a file, or - for standard input');
    if (values.now === true && values.speed !== undefined) throw new UsageError('use either --now or --speed');
    const speed = values.now === true ? Number.POSITIVE_INFINITY : (number(values, 'speed', 0.001, 1_000_000) ?? 1);
    const shift = values.rebase === true ? clock.now() - (await newest(files)) : undefined;
    const progress = new Progress(terminal, clock, sizeOf(files));
    const batcher = new Batcher(clientFor(invocation), { 'event-source': 'replay' });
    try {
      await sendAll(invocation, { files, speed, shift }, batcher, progress);
    } finally {
      progress.end();
    }
    report(invocation, batcher, progress.seconds);
    return exitCodes.ok;
  },
};

interface Plan {
  readonly files: readonly string[];
  /** Times as fast as the clock; infinite = no pace. */
  readonly speed: number;
  /** Added to every time, ms; undefined = times stay as they are. */
  readonly shift: number | undefined;
}

/** Whatever is due is sent together; before a wait, nothing is kept back. */
async function sendAll(
  { clock, terminal }: Invocation,
  { files, speed, shift }: Plan,
  batcher: Batcher,
  progress: Progress,
): Promise<void> {
  const began = clock.monotonic();
  let first: number | undefined;
  let done = 0;
  let events = 0;
  const occurrences = new Occurrences();
  for (const file of files) {
    const input = file === '-' ? terminal.input : openFile(file);
    for await (const line of readLines(
      counted(input, file, bytes => (done += bytes)),
      file === '-' ? 'standard input' : file,
    )) {
      const created = parseTimestamp(line.fields.created);
      if (created !== undefined && Number.isFinite(speed)) {
        first ??= created;
        const due = began + (created - first) / speed;
        while (due - clock.monotonic() > 1) {
          await batcher.flush();
          const wait = due - clock.monotonic();
          progress.update(done, events, `next in ${Math.ceil(wait / 1000)} s`);
          await clock.sleep(Math.min(1000, Math.max(0, wait)));
        }
      }
      const rebased = shift === undefined || created === undefined ? line : timed(line, created + shift);
      await batcher.add(withId(rebased, text => lineId(text, occurrences)));
      events += 1;
      progress.update(done, events);
    }
  }
  await batcher.flush();
}

function timed({ text, fields }: Line, created: number): Line {
  return { text: withValue(text, 'created', String(created)), fields };
}

/** Counts what has been read of the file itself, so that the total fits packed files too. */
function counted(input: Chunks & { bytesWritten?: number }, file: string, add: (bytes: number) => void): Chunks {
  return (async function* () {
    let packed = 0;
    for await (const chunk of input) {
      if (file.endsWith('.gz')) {
        const read = input.bytesWritten ?? 0;
        add(read - packed);
        packed = read;
      } else add(chunk.length);
      yield chunk;
    }
  })();
}

async function newest(files: readonly string[]): Promise<number> {
  let latest: number | undefined;
  for (const file of files) {
    if (file === '-') throw new UsageError('--rebase reads everything twice, so it cannot read standard input');
    for await (const { fields } of readLines(openFile(file), file)) {
      const created = parseTimestamp(fields.created);
      if (created !== undefined && (latest === undefined || created > latest)) latest = created;
    }
  }
  if (latest === undefined) throw new UsageError('--rebase found no event with a `created` time');
  return latest;
}

function sizeOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + (file === '-' ? 0 : fileSize(file)), 0);
}

function report({ terminal }: Invocation, { accepted, duplicates }: Batcher, seconds: number): void {
  const rounded = Math.round(seconds * 10) / 10;
  if (!terminal.outIsTerminal) terminal.out(JSON.stringify({ accepted, duplicates, seconds: rounded }));
  else {
    const rate = Math.round(accepted / Math.max(0.001, seconds)).toLocaleString('en');
    const repeated = duplicates === 0 ? '' : `, ${duplicates.toLocaleString('en')} repeated within a request`;
    terminal.out(`${accepted.toLocaleString('en')} events accepted${repeated} in ${rounded} s (${rate}/s)`);
  }
}
