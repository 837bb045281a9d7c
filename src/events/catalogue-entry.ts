import type { FieldName } from './fields.js';

/**
 * Who sends events of this kind. `job`: whoever uses `POST /v1/heartbeats/{name}`. `requested`: users asked for it, and
 * nothing sends it by itself yet.
 */
type Emitter =
  | 'clowder'
  | 'requested'
  | 'nginx'
  | 'browser'
  | 'health'
  | 'job'
  | 'heartbeat'
  | 'extraction'
  | 'audit'
  | 'problem'
  | 'notification'
  | 'usage';

/** One known kind of event. It documents, and says what is checked where it is present: only `category` is required. */
export interface CatalogueEntry {
  readonly category: string;
  /** Absent: events of this category carry no type, or any. */
  readonly type?: string;
  readonly description: string;
  readonly emitter: Emitter;
  /** Beside `category`, `type` and `created`. */
  readonly fields: {
    /** Sent each time. */
    readonly always: readonly FieldName[];
    /** Sent when there is something to say. */
    readonly sometimes: readonly FieldName[];
  };
}

/** @param kind `category`, or `category.type` */
export function entry(
  emitter: Emitter,
  kind: string,
  description: string,
  always: readonly FieldName[],
  sometimes: readonly FieldName[] = [],
): CatalogueEntry {
  const [category = kind, type] = kind.split('.');
  return { category, ...(type === undefined ? {} : { type }), description, emitter, fields: { always, sometimes } };
}
