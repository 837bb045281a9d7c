import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Fields } from '../events/event.js';
import type { NamedPeople, People } from '../people/people.js';
import { databaseFile } from '../storage/files.js';
import { keyedBy } from '../usage/keys.js';
import { blankEvent } from './blank-event.js';
import { type NotesOptions, notes } from './notes.js';
import type { Outcome, Place } from './place.js';

export interface DaemonPlacesOptions extends NotesOptions {
  readonly idSecret: string;
  readonly dataDir: string;
  /** Logs of NGINX, which the daemon reads. */
  readonly accessLogs: readonly string[];
}

/** What the daemon keeps beside events. */
export function daemonPlaces(options: DaemonPlacesOptions): Place[] {
  return [notes(options), items(options), usage(options), files(options), logs(options)];
}

/** Titles, and to whom a dataset belongs. */
function items({ storage }: DaemonPlacesOptions): Place {
  const changed = async (people: People) =>
    (await storage.read('findUsageItems', { texts: people.texts })).flatMap(([item, text]) => {
      const fields = JSON.parse(text) as Fields;
      const judged = people.judge({ ...blankEvent, fields });
      return judged === 'theirs' || judged.fields === fields
        ? []
        : [[item, JSON.stringify(judged.fields), text] as const];
    });
  return {
    name: 'datasets of usage',
    async erase(people): Promise<Outcome> {
      const items = await changed(people);
      await storage.write('putUsageItems', { items: items.map(([item, facts]) => [item, facts]) });
      return { changed: items.length };
    },
    async *export(people) {
      for (const [item, , text] of await changed(people)) yield { item, facts: JSON.parse(text) };
    },
  };
}

/** Accesses go on counting, under a key that leads to nobody. */
function usage({ storage, idSecret }: DaemonPlacesOptions): Place {
  const keyOf = keyedBy(idSecret);
  const keysOf = ({ texts }: People): number[] => (texts ?? []).map(text => keyOf(`login ${text}`));
  return {
    name: 'keys of usage',
    async erase(people): Promise<Outcome> {
      const random = (): number => randomInt(2 ** 47, 2 ** 48 - 1);
      const users = keysOf(people).map(key => [key, random(), random()] as const);
      return { changed: await storage.write('rekeyUsage', { users }) };
    },
    async *export(people: NamedPeople | People) {
      const accesses = await storage.read('countUsageOf', { users: keysOf(people) });
      if (accesses > 0) yield { accesses };
    },
  };
}

/** Copies of the database that nothing reads any more. */
function files({ dataDir }: DaemonPlacesOptions): Place {
  const name = basename(databaseFile(dataDir));
  const copies = (): string[] =>
    readdirSync(dataDir).filter(file => file.startsWith(`${name}.`) && !/\.(?:is-corrupt|json)$/.test(file));
  return {
    name: 'copies of the database',
    async erase(): Promise<Outcome> {
      const backups =
        'backups: delete those that were made before, or restore and back up again; a restore keeps the list of who was erased, and the daemon goes through what was restored';
      return { steps: [backups, ...copies().map(file => `delete ${file} in DATA_DIR, a copy from before`)] };
    },
  };
}

function logs({ accessLogs }: DaemonPlacesOptions): Place {
  return {
    name: 'logs',
    async erase(): Promise<Outcome> {
      const own =
        'log lines of this daemon: it prints no bodies of events, but event.rejected may quote the beginning of one that cannot be read; delete what your system keeps of them';
      const lines = accessLogs.map(
        file => `${file}: NGINX writes there who logged in, and from where; delete or rotate it`,
      );
      return { steps: [own, ...lines] };
    },
  };
}
