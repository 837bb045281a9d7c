import type { Command } from './command.js';

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when it is run, so that every command starts fast. */
  load(): Promise<Command>;
}

/** Every command, in the order of the help. */
export const commands: readonly Entry[] = [
  {
    name: 'start',
    summary: 'run the daemon (the default command)',
    load: async () => (await import('./start.js')).start,
  },
  {
    name: 'check',
    summary: 'check the settings, and try everything that the daemon will do',
    load: async () => (await import('./check/check.js')).check,
  },
  {
    name: 'reload',
    summary: 'let a daemon read its settings again',
    load: async () => (await import('./reload.js')).reload,
  },
  {
    name: 'keygen',
    summary: 'make an API key and its entry for API_KEYS',
    load: async () => (await import('./keygen.js')).keygen,
  },
  {
    name: 'keys',
    summary: 'list the keys of a daemon and their last use, or revoke one',
    load: async () => (await import('./keys.js')).keys,
  },
  {
    name: 'explain',
    summary: 'show what an event would become at each sink, and why not',
    load: async () => (await import('./explain/explain.js')).explain,
  },
  {
    name: 'test',
    summary: 'run the tests of a configuration: events, and what is expected of them',
    load: async () => (await import('./explain/test.js')).test,
  },
  { name: 'send', summary: 'send events to a daemon', load: async () => (await import('./send.js')).send },
  {
    name: 'replay',
    summary: 'send recorded events at the pace they were recorded',
    load: async () => (await import('./replay.js')).replay,
  },
  {
    name: 'import',
    summary: 'bring in old access logs, documents or recorded events, once',
    load: async () => (await import('./import/import.js')).importHistory,
  },
  {
    name: 'archive',
    summary: 'verify the archive of all events, or send its events to one sink',
    load: async () => (await import('./archive.js')).archive,
  },
  {
    name: 'dead-letters',
    summary: 'list, redrive or delete the events that a sink refused',
    load: async () => (await import('./dead-letters.js')).deadLetters,
  },
  {
    name: 'ledger',
    summary: 'list the counts of every sink, or acknowledge what is missing',
    load: async () => (await import('./ledger.js')).ledger,
  },
  {
    name: 'usage',
    summary: 'report the usage of datasets, compare its sources, or count a month again',
    load: async () => (await import('./usage.js')).usage,
  },
  {
    name: 'people',
    summary: 'export all that is held of people, or erase them',
    load: async () => (await import('./people.js')).people,
  },
  {
    name: 'queues',
    summary: 'list or remove the queues of sinks',
    load: async () => (await import('./queues.js')).queues,
  },
  {
    name: 'notify',
    summary: 'send a test message through the channels for notifications',
    load: async () => (await import('./notify.js')).notify,
  },
  {
    name: 'backup',
    summary: 'write everything worth keeping to one file, while the daemon runs',
    load: async () => (await import('./backup.js')).backup,
  },
  {
    name: 'restore',
    summary: 'put a backup into DATA_DIR',
    load: async () => (await import('./restore.js')).restore,
  },
  {
    name: 'doctor',
    summary: 'look at DATA_DIR: whole, private, room, what was lost',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'healthcheck',
    summary: 'ask whether the daemon of these settings is alive, for HEALTHCHECK in an image',
    load: async () => (await import('./healthcheck.js')).healthcheck,
  },
  { name: 'openapi', summary: 'print the OpenAPI document', load: async () => (await import('./openapi.js')).openapi },
];
