import { randomBytes } from 'node:crypto';
import { type Asked, type Reply, StandIn } from './stand-in.js';
import { signatureFault } from './webhook-signature.js';

export type ReceivedEvent = Readonly<Record<string, unknown>>;

/**
 * A receiver of events that does what the sink's page asks of one: it checks signature, time and format, takes each
 * event once by its id, and a request whole or not at all.
 */
export class EventReceiver extends StandIn {
  readonly key = randomBytes(32);
  readonly events = new Map<string, ReceivedEvent>();
  /** Events that came again, and were not taken a second time. */
  repeats = 0;
  /** What no receiver would take. */
  readonly violations: string[] = [];
  refuses: (event: ReceivedEvent) => boolean = () => false;
  refusal = 422;

  constructor() {
    super(asked => this.#answer(asked));
  }

  /** As a setting. */
  get secret(): string {
    return `whsec_${this.key.toString('base64')}`;
  }

  get ids(): string[] {
    return [...this.events.keys()];
  }

  #answer(asked: Asked): Reply {
    if (asked.method === 'HEAD') return { status: 404, body: '' };
    const events = eventsIn(asked);
    const wrong = typeof events === 'string' ? events : signatureFault(asked, this.key);
    if (wrong !== undefined || typeof events === 'string') {
      this.violations.push(String(wrong));
      return { status: 401, body: String(wrong) };
    }
    if (events.some(event => this.refuses(event))) return { status: this.refusal, body: 'one of these is not wanted' };
    for (const event of events) {
      const id = String(event.id);
      if (this.events.has(id)) this.repeats += 1;
      else this.events.set(id, event);
    }
    return { status: 204, body: '' };
  }
}

/** The events of a request, or what is wrong with it. */
function eventsIn({ headers, body }: Asked): readonly ReceivedEvent[] | string {
  const type = headers['content-type'];
  const isLines = type === 'application/x-ndjson';
  if (!isLines && type !== 'application/json' && type !== 'application/cloudevents-batch+json')
    return `the content type is ${type}`;
  if (isLines && !body.endsWith('\n')) return 'the last line does not end';
  const events: unknown = isLines
    ? body
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    : JSON.parse(body);
  if (!Array.isArray(events) || events.length === 0) return 'not a list of events';
  if (!events.every(({ id }) => typeof id === 'string' && id !== '')) return 'an event without an id';
  if (type === 'application/cloudevents-batch+json' && !events.every(isCloudEvent)) return 'not CloudEvents';
  return events;
}

function isCloudEvent({ specversion, source, type, time, data }: ReceivedEvent): boolean {
  return (
    specversion === '1.0' &&
    [source, type].every(one => typeof one === 'string' && one !== '') &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(time)) &&
    typeof data === 'object'
  );
}
