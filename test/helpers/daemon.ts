import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DeadLetterPage, EventPage, Ledger, Status, StoredEvent } from '../../openapi/api-types.js';
import { freePort } from './ports.js';
import { until } from './wait.js';

const built = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface DaemonOptions {
  readonly dir?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Presented with each request; by default one of all scopes, made up for this daemon. */
  readonly key?: string;
  /** Where it is started; relative settings are read from there. */
  readonly cwd?: string;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** The program; by default the one that was built here. */
  readonly main?: string;
}

type List = '/v1/events' | '/v1/dead-letters';
type Readable = '/v1/status' | '/v1/ledger' | List | `${List}?${string}`;

type AnswerOf<Path extends Readable> = Path extends '/v1/status'
  ? Status
  : Path extends '/v1/ledger'
    ? Ledger
    : Path extends `/v1/events${string}`
      ? EventPage
      : DeadLetterPage;

/**
 * The real process, started as a user would, with a key of all scopes. What it printed, the last
 * 2,000,000 characters of it, is in `output`.
 */
export class TestDaemon {
  readonly dir: string;
  readonly key: string;
  readonly env: Record<string, string>;
  port = 0;
  output = '';
  /** The first hundred lines of level error or fatal, however long ago. */
  readonly complaints: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  readonly #ownDir: boolean;
  readonly #port: number | undefined;
  readonly #node: readonly string[];
  readonly #cwd: string | undefined;
  readonly #main: string;

  constructor({ dir, port, env = {}, key, cwd, node = [], main = built }: DaemonOptions = {}) {
    this.key = key ?? `test-${randomBytes(12).toString('hex')}`;
    this.#ownDir = dir === undefined;
    this.dir = dir ?? mkdtempSync(join(tmpdir(), 'event-sink-daemon-'));
    this.#port = port;
    this.port = port ?? 0;
    this.#node = node;
    this.#cwd = cwd;
    this.#main = main;
    this.env = { ...env };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it is ready. */
  async start(extra: Readonly<Record<string, string>> = {}): Promise<this> {
    await this.launch(extra);
    const outcome = await until(async () => {
      if (this.#hasEnded) return 'ended';
      return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.status === 200 ? 'ready' : undefined;
    }, 'a ready daemon');
    if (outcome === 'ended') throw new Error(`the daemon ended before it was ready:\n${this.output.slice(-3000)}`);
    return this;
  }

  /** Also by a signal. */
  get #hasEnded(): boolean {
    const { exitCode, signalCode } = this.#child!;
    return exitCode !== null || signalCode !== null;
  }

  /** Starts the process and does not wait. */
  async launch(extra: Readonly<Record<string, string>> = {}): Promise<void> {
    this.port = this.#port ?? (await freePort());
    const hash = createHash('sha256').update(this.key).digest('hex');
    const child = spawn(process.execPath, [...this.#node, this.#main, 'start'], {
      env: {
        PATH: process.env.PATH ?? '',
        PORT: String(this.port),
        HOST: '127.0.0.1',
        DATA_DIR: this.dir,
        API_KEYS: `test:publish+read+admin:${hash}`,
        LOG_LEVEL: 'info',
        ...this.env,
        ...extra,
      },
      ...(this.#cwd === undefined ? {} : { cwd: this.#cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const note = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-2_000_000);
    };
    child.stdout?.on('data', note);
    child.stderr?.on('data', note);
    createInterface(child.stdout!).on('line', line => {
      if (/^\{"level":"(error|fatal)"/.test(line) && this.complaints.length < 100) this.complaints.push(line);
    });
    this.#ended = new Promise(resolve => child.once('close', code => resolve(code)));
  }

  /** The exit code; null after a signal. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  /** Ends the process, whatever its state, and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    if (this.#ownDir) rmSync(this.dir, { recursive: true, force: true });
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { ...init, headers: { 'x-api-key': this.key, ...init.headers } });
  }

  post(events: unknown): Promise<Response> {
    return this.request('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
  }

  /** Asks for what the API lists or reports, in the shape that its document gives. */
  async json<Path extends Readable>(path: Path): Promise<AnswerOf<Path>> {
    const response = await this.request(path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as AnswerOf<Path>;
  }

  /** Every event in the local store, by paging through all of them; one that comes twice is there twice. */
  async stored(category?: string): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: '1000' });
      if (category !== undefined) query.set('category', category);
      if (cursor !== null) query.set('cursor', cursor);
      const page: EventPage = await this.json(`/v1/events?${query}`);
      found.push(...page.events);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return found;
  }

  /** What is wrong with it, without what a busy machine does to any daemon. */
  async problems(): Promise<AnswerOf<'/v1/status'>['problems']> {
    const { problems } = await this.json('/v1/status');
    return problems.filter(({ what }) => !what.startsWith('The whole daemon stood still'));
  }

  /** Waits for a line of the log: it comes through a pipe, which may be slower than the answer to a request. */
  async logged(line: string | RegExp): Promise<void> {
    const isThere = (): boolean => (typeof line === 'string' ? this.output.includes(line) : line.test(this.output));
    await until(isThere, `${line} in the log`);
  }

  /** Waits until no event waits for any sink. */
  async drained(maxMs = 60_000): Promise<void> {
    // The status is shared among those who ask within 200 ms: one that is older than the last event does not count.
    await new Promise(resolve => setTimeout(resolve, 250));
    const empty = async (): Promise<AnswerOf<'/v1/status'> | undefined> => {
      const status = await this.json('/v1/status');
      const waits = status.broker.outbox > 0 || status.sinks.some(({ pending }) => pending !== 0);
      return waits ? undefined : status;
    };
    await until(
      async () => {
        const status = await empty();
        if (status?.broker.kind !== 'rabbitmq') return status !== undefined;
        // What RabbitMQ said of a queue is kept for half a second, and what is on the way from there is in no queue.
        await new Promise(resolve => setTimeout(resolve, 600));
        return (await empty()) !== undefined;
      },
      'empty queues',
      maxMs,
    );
    // So is the ledger.
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}
