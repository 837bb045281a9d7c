import { decode } from '../../events/decode.js';
import type { Event } from '../../events/event.js';
import { sources } from '../../events/message.js';
import type { SinkTools } from '../sink.js';
import { linesIn, readFileName, stateOf } from './files.js';
import { lineOf } from './line.js';
import { type ArchiveConfig, openStore } from './open-store.js';
import { eraseFromArchive } from './rewrite.js';

interface People {
  /** Whether an event is theirs, or what it says without them: itself, when it says nothing of them. */
  judge(event: Event): 'theirs' | Event;
}

/** Days that hold something of the people are written anew without it. */
export async function erasePeople(
  config: ArchiveConfig,
  people: People,
  tools: SinkTools,
  signal: AbortSignal,
): Promise<{ readonly erased: number; readonly changed: number; readonly steps: readonly string[] }> {
  const store = openStore(config, tools);
  const withoutPeople = (line: string): string | undefined => {
    const event = eventIn(line);
    const judged = event === undefined ? undefined : people.judge(event);
    if (judged === 'theirs') return undefined;
    return judged === undefined || judged === event ? line : lineOf(judged);
  };
  const options = { store, now: () => tools.clock.now(), signal };
  const { removed, changed, damaged } = await eraseFromArchive(withoutPeople, options);
  return { erased: removed, changed, steps: damaged.map(stepOf) };
}

/** What the archive holds of the people, a line at a time. */
export async function* linesAbout(
  config: ArchiveConfig,
  people: People,
  tools: SinkTools,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const store = openStore(config, tools);
  const read = new Set<string>();
  const missing = new Set<string>();
  const named = new Set<string>();
  // What was listed may be sealed before it is read: then its events are in a file that was not listed.
  for (let missed = true; missed; ) {
    missed = false;
    for (const { name } of await store.list('days/', signal)) {
      const file = read.has(name) ? undefined : readFileName(name);
      if (file === undefined) continue;
      signal.throwIfAborted();
      const bytes = await store.read(name, signal);
      // One that is listed once more, and is not there again, leads nowhere.
      missed ||= bytes === undefined && !missing.has(name);
      if (bytes === undefined) missing.add(name);
      if (bytes === undefined || stateOf(file, bytes) !== 'whole') continue;
      read.add(name);
      for await (const lines of linesIn(bytes)) {
        for (const line of lines) {
          const event = eventIn(line);
          if (event === undefined || named.has(event.id) || people.judge(event) === event) continue;
          named.add(event.id);
          yield { file: name, event: JSON.parse(line) };
        }
      }
    }
  }
}

function eventIn(line: string): Event | undefined {
  let parsed: { readonly id?: unknown; readonly _source?: unknown; readonly _received?: unknown };
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { id, _source: source, _received: received } = parsed;
  const message = {
    id: String(id),
    body: line,
    source: sources.find(known => known === source) ?? 'import',
    received: typeof received === 'number' ? received : 0,
  } as const;
  const decoded = decode(message, message.received);
  return decoded.kind === 'event' ? decoded.event : undefined;
}

function stepOf({ day, reason }: { readonly day: string; readonly reason: string }): string {
  return `nothing was erased from ${day} of the archive, because ${reason}: put that file back from a backup, and erase once more`;
}
