import { randomBytes } from 'node:crypto';
import { type Asked, StandIn } from './stand-in.js';
import { signatureFault } from './webhook-signature.js';

/** What stands in a notification, as far as tests ask. */
export interface Received {
  readonly id: string;
  readonly type: string;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
  readonly service_name?: string;
  readonly state?: string;
  readonly count: number;
  readonly changes: readonly { readonly service_name?: string; readonly state: string }[];
  readonly thread?: string;
}

/**
 * A receiver that does what Standard Webhooks asks of one, and nothing more: it checks signature and time, and takes
 * the same id once.
 */
export class WebhookReceiver {
  readonly key = randomBytes(32);
  readonly bodies: Received[] = [];
  /** How often each id came, those that were known already included. */
  readonly times = new Map<string, number>();
  /** What no receiver would take. */
  readonly violations: string[] = [];
  refuses: (body: Received) => boolean = () => false;
  readonly server = new StandIn(asked => {
    if (asked.method === 'HEAD') return { status: 404, body: '' };
    const wrong = this.#wrong(asked);
    if (wrong !== undefined) {
      this.violations.push(wrong);
      return { status: 401, body: wrong };
    }
    const body = JSON.parse(asked.body) as Received;
    if (this.refuses(body)) return { status: 422, body: 'this one is not wanted' };
    const times = (this.times.get(body.id) ?? 0) + 1;
    this.times.set(body.id, times);
    if (times === 1) this.bodies.push(body);
    return { status: 204, body: '' };
  });

  /** As a setting. */
  get secret(): string {
    return `whsec_${this.key.toString('base64')}`;
  }

  get ids(): string[] {
    return this.bodies.map(({ id }) => id);
  }

  #wrong(asked: Asked): string | undefined {
    if (asked.headers['content-type'] !== 'application/json') return 'not a POST of JSON';
    const fault = signatureFault(asked, this.key);
    if (fault !== undefined) return fault;
    return (JSON.parse(asked.body) as Received).id === asked.headers['webhook-id']
      ? undefined
      : 'the body has another id';
  }
}
