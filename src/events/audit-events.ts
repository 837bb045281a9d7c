import { type CatalogueEntry, entry } from './catalogue-entry.js';
import type { FieldName } from './fields.js';

interface ActKind {
  readonly description: string;
  /** Beside `by`. */
  readonly always: readonly FieldName[];
  readonly sometimes?: readonly FieldName[];
}

/**
 * What somebody can do with this daemon, or it by itself, that others want to know: the types of the category `audit`.
 */
const acts = {
  key_made: { description: 'An API key was made.', always: ['subject'], sometimes: ['message', 'ip'] },
  key_revoked: { description: 'An API key was revoked.', always: ['subject'], sometimes: ['ip'] },
  key_expired: { description: 'An API key has expired.', always: ['subject'] },
  key_file_read: {
    description: 'The file of keys has changed and was read again.',
    always: ['subject', 'count'],
    sometimes: ['message'],
  },
  signed_in: { description: 'Somebody signed in, and a session began.', always: [], sometimes: ['ip'] },
  signed_out: { description: 'Somebody signed out, and the session ended.', always: [], sometimes: ['ip'] },
  published: {
    description: 'A message was sent to a queue or an exchange of RabbitMQ.',
    always: ['subject'],
    sometimes: ['ip'],
  },
  dead_letters_redriven: {
    description: 'Dead letters of a sink were sent again.',
    always: ['subject', 'count'],
    sometimes: ['ip'],
  },
  dead_letters_removed: {
    description: 'Dead letters of a sink were deleted.',
    always: ['subject', 'count'],
    sometimes: ['ip'],
  },
  missing_acknowledged: {
    description: 'Somebody knows why events of a sink are missing.',
    always: ['subject', 'count'],
    sometimes: ['ip'],
  },
  history_imported: {
    description: 'Somebody began to bring in events of the past; the subject names the sinks.',
    always: ['subject'],
    sometimes: ['ip'],
  },
  usage_recounted: {
    description: 'A month of usage was counted again.',
    always: ['subject', 'count'],
    sometimes: ['ip'],
  },
  people_erased: {
    description: 'The erasure of people was asked for; the subject is its receipt.',
    always: ['subject', 'count'],
    sometimes: ['ip'],
  },
  people_exported: { description: 'Somebody asked for all that is held of people.', always: [], sometimes: ['ip'] },
  queue_removed: { description: 'A queue was removed, with what waited in it.', always: ['subject', 'count'] },
  backup_made: { description: 'A backup of the data folder was written.', always: ['subject'] },
  backup_restored: { description: 'A backup was put into the data folder.', always: ['subject'] },
  settings_reloaded: {
    description: 'Settings were changed and read again; the subject is the version that runs now.',
    always: ['subject', 'count'],
    sometimes: ['message'],
  },
  sink_started: { description: 'A sink is configured that was not at the start before.', always: ['subject'] },
  sink_stopped: { description: 'A sink is configured no more.', always: ['subject'] },
} as const satisfies Readonly<Record<string, ActKind>>;

export type ActType = keyof typeof acts;

export function isActType(text: string): text is ActType {
  return Object.hasOwn(acts, text);
}

export const auditEvents: readonly CatalogueEntry[] = Object.entries<ActKind>(acts).map(
  ([type, { description, always, sometimes = [] }]) =>
    entry('audit', `audit.${type}`, description, ['by', ...always], sometimes),
);
