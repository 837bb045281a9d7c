import type { EventPage, StoredEvent } from '../../openapi/api-types.js';
import type { TestDaemon } from '../helpers/daemon.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';

const everyMs = 1_000;

/**
 * Somebody who reads the ids of the daemon's own events (health checks, its audit trail), and sends others under the
 * same ids and under those that look like the next ones. What the daemon said first, it says to the end.
 */
export class Forger {
  readonly #daemon: TestDaemon;
  readonly #key: string;
  readonly #random: Random;
  readonly #own = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  forged = 0;

  /** @param key one of its own, to read with */
  constructor(daemon: TestDaemon, key: string, random: Random) {
    this.#daemon = daemon;
    this.#key = key;
    this.#random = random;
  }

  begin(): void {
    this.#timer = setInterval(() => {
      this.#working = this.#working.then(() => this.#forge());
    }, everyMs);
  }

  /** @throws FuzzProblem when an event of the daemon's own is not what it was */
  async end(): Promise<string> {
    clearInterval(this.#timer);
    await this.#working;
    const events = await this.#read(1_000);
    const kept = events.filter(({ id }) => this.#own.has(id));
    for (const event of kept)
      demand(JSON.stringify(event) === this.#own.get(event.id), 'an event of the daemon was replaced', event.id);
    demand(this.#own.size === 0 || events.length > 0, 'no event of the daemon is left', '');
    return `${this.forged} events under ids of the daemon's own, of which it made ${this.#own.size}: none was replaced (${kept.length} looked at again)`;
  }

  async #forge(): Promise<void> {
    for (const event of await this.#read(50)) {
      if (!this.#own.has(event.id)) this.#own.set(event.id, JSON.stringify(event));
      const digits = Array.from({ length: 20 }, () => this.#random.integer(0, 15).toString(16)).join('');
      const next = (Number.parseInt(event.id.slice(0, 12), 16) + everyMs).toString(16).padStart(12, '0') + digits;
      const forgery = { category: event.category, type: event.type, service_name: 'own', healthy: true, by: 'nobody' };
      const body = [event.id, next].map(id => ({ id, ...forgery }));
      const { status } = await this.#daemon.post(body);
      demand([202, 422, 429, 503].includes(status), `${status} to a forged id`, event.id);
      this.forged += body.length;
    }
  }

  /** The newest of its own. */
  async #read(limit: number): Promise<StoredEvent[]> {
    const pages: EventPage[] = [];
    for (const category of ['health', 'service_status', 'audit'])
      pages.push(await this.#page(`/v1/events?category=${category}&limit=${limit}`));
    return pages.flatMap(({ events }) => events).filter(({ _source }) => _source === 'health' || _source === 'audit');
  }

  /** With all shares of the pool taken by readers that stand still, even another key is asked to come back. */
  async #page(path: string): Promise<EventPage> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#daemon.request(path, { headers: { 'x-api-key': this.#key } });
      if (response.ok) return (await response.json()) as EventPage;
      demand(response.status === 503 && attempt < 60, `${response.status} for a page`, await response.text());
      await new Promise(resolve => setTimeout(resolve, 1_000));
    }
  }
}
