import type { Fields } from '../events/event.js';
import type { Message } from '../events/message.js';
import { isDistinct } from '../people/erased-fields.js';
import type { People } from '../people/people.js';
import { KnownTexts } from '../people/personal-text.js';
import { cleanBody } from '../people/suppression.js';
import { type NoteKind, noteKinds } from '../storage/people-notes.js';
import type { Storage } from '../storage/storage.js';
import { blankEvent } from './blank-event.js';
import type { Outcome, Place } from './place.js';

export interface NotesOptions {
  readonly storage: Pick<Storage, 'read' | 'write'>;
  /** What is in memory of resources is forgotten; it is learnt again. */
  readonly forgetContext: () => Promise<void>;
}

/** What is left of a note; undefined = nothing. */
type Without = (text: string, people: People) => string | undefined;

/** What the daemon remembers of resources and jobs, events that were written ahead, and texts of availability. */
export function notes({ storage, forgetContext }: NotesOptions): Place {
  return {
    name: 'notes of the daemon',
    async erase(people, { signal }): Promise<Outcome> {
      await forgetContext();
      let changed = 0;
      for (const kind of noteKinds) {
        for await (const rows of found(storage, kind, people)) {
          signal.throwIfAborted();
          if (rows.length > 0) changed += await storage.write('replaceNotes', { kind, rows });
        }
      }
      return { changed };
    },
    async *export(people) {
      for (const kind of noteKinds)
        for await (const rows of found(storage, kind, people)) for (const [, text] of rows) yield { note: kind, text };
    },
  };
}

async function* found(storage: NotesOptions['storage'], kind: NoteKind, people: People) {
  const { texts } = people;
  let after: string | undefined;
  for (;;) {
    const rows = await storage.read('findNotes', { kind, after, texts });
    if (rows.length === 0) return;
    after = rows.at(-1)![0];
    yield rows
      .map(([key, text]) => [key, text, withoutOf[kind](text, people)] as const)
      .filter(([, before, left]) => left !== before);
  }
}

const withoutOf: Readonly<Record<NoteKind, Without>> = {
  resources: (text, { texts }) => (texts === undefined || saysOne(parsed(text) ?? text, texts) ? undefined : text),
  openJobs: inJson(withoutUser),
  endedJobs: inJson(withoutUser),
  checkpoints: inJson(withoutEvents),
  reasons: withoutWords,
  messages: withoutWords,
  authors: (text, { texts }) => (texts?.includes(text.trim()) === true ? 'erased' : text),
};

/** When everybody is meant, nobody knows the words any more. */
export function withoutWords(text: string, { texts }: Pick<People, 'texts'>): string {
  if (texts === undefined) return text;
  return new KnownTexts(texts.filter(isDistinct).map(one => [one, 'erased'])).replaceIn(text);
}

/** Whether a value of it, as a whole, is one of the texts. */
function saysOne(value: unknown, texts: readonly string[]): boolean {
  if (typeof value === 'string') return texts.includes(value.trim()) || withoutWords(value, { texts }) !== value;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(one => saysOne(one, texts));
}

function inJson(without: (value: Fields, people: People) => Fields): Without {
  return (text, people) => {
    const value = parsed(text);
    if (value === undefined) return text;
    const left = without(value, people);
    return left === value ? text : JSON.stringify(left);
  };
}

/** Another release may have written it in another form. */
function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** A job goes on without whoever asked for it. */
function withoutUser(job: Fields, people: People): Fields {
  const { userId, userName, ...rest } = job;
  const fields = { user_id: userId, user_name: userName };
  if (people.judge({ ...blankEvent, fields }) !== 'theirs') return job;
  const { resourceName } = rest;
  return typeof resourceName === 'string' ? { ...rest, resourceName: withoutWords(resourceName, people) } : rest;
}

/** The position stays as it is; what waits to be published is judged as any other event. */
function withoutEvents(saved: Fields, people: People): Fields {
  const { position, unpublished } = saved;
  let changed = false;
  const clean = <T>(all: unknown, each: (one: T) => T): unknown => {
    if (!Array.isArray(all)) return all;
    const left = all.map(each);
    const isSame = left.every((one, index) => one === all[index]);
    changed ||= !isSame;
    return isSame ? all : left;
  };
  const judge = { isEmpty: false, judge: people.judge };
  const messages = clean<Message>(unpublished, message => {
    const body = cleanBody(judge, message);
    return body === undefined ? message : { ...message, body };
  });
  const jobs = clean<Fields>(position, one => ('jobId' in one ? withoutUser(one, people) : one));
  return changed ? { ...saved, position: jobs, unpublished: messages } : saved;
}
