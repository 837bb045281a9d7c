import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Event, Fields } from '../events/event.js';
import type { NamedPeople, People } from '../people/people.js';
import { databaseFile } from '../storage/files.js';
import type { Storage } from '../storage/storage.js';
import { keyedBy } from '../usage/keys.js';
import type { Outcome, Place } from './place.js';

/** What is known of a dataset is judged as an event without anything else. */
const blank: Event = {
  ...{ id: '', created: 0, category: '', type: undefined, source: 'usage', received: 0 },
  fields: {},
};

export interface DaemonPlacesOptions {
  readonly storage: Pick<Storage, 'read' | 'write'>;
  readonly idSecret: string;
  readonly dataDir: string;
  /** Logs of NGINX, which the daemon reads. */
  readonly accessLogs: readonly string[];
  /** What is in memory of resources is forgotten; it is learnt again. */
  readonly forgetContext: () => Promise<void>;
}

/** What the daemon keeps beside events. */
export function daemonPlaces(options: DaemonPlacesOptions): Place[] {
  return [notes(options), items(options), usage(options), files(options), logs(options)];
}

function notes({ storage, forgetContext }: DaemonPlacesOptions): Place {
  return {
    name: 'notes of the daemon',
    async erase({ texts }): Promise<Outcome> {
      await forgetContext();
      return { changed: await storage.write('eraseTexts', { texts }) };
    },
    async *export({ texts }) {
      if (texts !== undefined) yield* await storage.read('findTexts', { texts });
    },
  };
}

/** Accesses go on counting, under a key that leads to nobody. */
/** Titles, and to whom a dataset belongs. */
function items({ storage }: DaemonPlacesOptions): Place {
  const changed = async (people: People) =>
    (await storage.read('findUsageItems', { texts: people.texts })).flatMap(([item, text]) => {
      const fields = JSON.parse(text) as Fields;
      const judged = people.judge({ ...blank, fields });
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

function usage({ storage, idSecret }: DaemonPlacesOptions): Place {
  const keyOf = keyedBy(idSecret);
  const keysOf = ({ texts }: People): number[] => (texts ?? []).map(text => keyOf(`login ${text}`));
  return {
    name: 'keys of usage',
    async erase(people): Promise<Outcome> {
      const users = keysOf(people).map(key => [key, randomInt(2 ** 47, 2 ** 48 - 1)] as const);
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
