import { itemTexts, memberTexts } from '../events/json-text.js';

/** Amplitude's wire: JSON, as today's SDKs write it, or a form, as amplitude-js 4 to 8 does. */
export type UploadForm = 'json' | 'form';

export interface SentEvent {
  readonly value: unknown;
  /** To the letter, so that numbers keep their digits. */
  readonly text: string;
}

/** What one request of an SDK carries. */
export interface Upload {
  readonly key: string | undefined;
  /** How many events it seems to have; 0 where nobody knows yet. */
  readonly count: number;
  /** Read after the key was checked. @throws UploadError */
  events(): readonly SentEvent[];
}

/** The text is not an upload; the message says why. */
export class UploadError extends Error {
  override name = 'UploadError';
  /** The part that is not there. */
  readonly missing: string | undefined;

  constructor(message: string, missing?: string) {
    super(message);
    this.missing = missing;
  }
}

/** @throws UploadError */
export function readUpload(text: string, form: UploadForm): Upload {
  return form === 'json' ? fromJson(text) : fromForm(text);
}

function fromJson(text: string): Upload {
  const upload = parse(text, 'The body');
  if (typeof upload !== 'object' || upload === null || Array.isArray(upload))
    throw new UploadError('The body must be a JSON object with api_key and events.');
  const { api_key: key, events } = upload as Readonly<Record<string, unknown>>;
  return {
    key: textOf(key),
    count: Array.isArray(events) ? events.length : 0,
    events: () => {
      if (!Array.isArray(events)) throw new UploadError('The body has no list of events.', 'events');
      return sent(events, memberTexts(text).get('events') ?? '[]');
    },
  };
}

/** https://github.com/amplitude/Amplitude-JavaScript, `sendEvents`; its checksum is an MD5 without a secret. */
function fromForm(text: string): Upload {
  const form = new URLSearchParams(text);
  return {
    key: textOf(form.get('client')),
    count: 0,
    events: () => {
      const list = form.get('e');
      if (list === null) throw new UploadError('The form has no field e, the list of events.', 'e');
      const events = parse(list, 'The field e');
      if (!Array.isArray(events)) throw new UploadError('The field e must be a JSON list of events.', 'e');
      return sent(events, list);
    },
  };
}

function sent(values: readonly unknown[], text: string): readonly SentEvent[] {
  const texts = itemTexts(text);
  return values.map((value, index) => ({ value, text: texts[index] as string }));
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UploadError(`${what} is not JSON: ${(error as Error).message}`);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
