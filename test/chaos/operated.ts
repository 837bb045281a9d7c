import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon } from '../helpers/daemon.js';

export const shutdownSeconds = 4;
/** Beyond its own patience: an overloaded machine. */
const lateMs = 15_000;

export interface OperatedOptions {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** While true, a start may fail: the platform tries again. */
  readonly mayFail: () => boolean;
}

/** A daemon whose operator kills, stops, freezes and starts it, and takes offence at an end that nobody asked for. */
export class OperatedDaemon {
  readonly daemon: TestDaemon;
  /** What must not happen. */
  readonly problems: string[] = [];
  /** What may happen, and is reported. */
  readonly notes: string[] = [];
  readonly #options: OperatedOptions;
  #asked = true;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(options: OperatedOptions) {
    const { dir, port, env } = options;
    this.#options = options;
    this.daemon = new TestDaemon({ dir, port, env: { SHUTDOWN_SECONDS: String(shutdownSeconds), ...env } });
  }

  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** One fault, from its beginning to the daemon's being ready again. */
  suffer(fault: string, lasts: number): Promise<void> {
    return this.#inTurn(async () => {
      if (fault === 'freeze') {
        process.kill(this.daemon.pid, 'SIGSTOP');
        await sleep(lasts);
        process.kill(this.daemon.pid, 'SIGCONT');
        return;
      }
      await (fault === 'SIGTERM' ? this.#stop() : this.#end('SIGKILL'));
      await sleep(lasts);
      await this.#start();
    });
  }

  /** In order; anything but exit 0 within its patience is a problem. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  /** Lines of its log that tell of a defect. No fault of this test may bring one about. */
  defects(): string[] {
    const telling =
      /"level":"fatal"|unhandled|uncaught|"fault":"bug"|defect|request\.failed|storage\.(?:salvaged|cut)|TypeError|RangeError/i;
    return this.daemon.output.split('\n').filter(line => telling.test(line));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => undefined);
    return done;
  }

  async #start(): Promise<void> {
    for (;;) {
      let tolerated = this.#options.mayFail();
      // The disk may fill, and have room again, while it starts.
      const watch = setInterval(() => {
        tolerated ||= this.#options.mayFail();
      }, 50);
      try {
        await this.daemon.start();
        break;
      } catch (error) {
        await this.daemon.kill();
        const what = `${this.#options.name} did not start: ${error}`;
        if (!tolerated) throw new Error(`${what}\n${this.daemon.output.slice(-2_000)}`);
        this.notes.push(`${this.#options.name} did not start: ${this.daemon.output.trimEnd().split('\n').at(-1)}`);
        await sleep(500);
      } finally {
        clearInterval(watch);
      }
    }
    this.#asked = false;
    const { pid } = this.daemon;
    void this.daemon.ended().then(code => this.#ended(pid, code));
  }

  async #stop(): Promise<void> {
    const waiting = new AbortController();
    const patience = shutdownSeconds * 1_000 + lateMs;
    const late = sleep(patience, 'late' as const, { signal: waiting.signal }).catch(() => 'late' as const);
    const outcome = await Promise.race([this.#end('SIGTERM'), late]);
    waiting.abort();
    if (outcome === 'late') await this.#end('SIGKILL');
    if (outcome !== 0) {
      const how = outcome === 'late' ? 'did not end' : `ended with ${outcome}`;
      this.problems.push(`${this.#options.name} ${how} after SIGTERM:\n${this.daemon.output.slice(-2_000)}`);
    }
  }

  #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#asked = true;
    return this.daemon.kill(signal);
  }

  #ended(pid: number, code: number | null): void {
    if (this.#asked || pid !== this.daemon.pid) return;
    this.#asked = true;
    const what = `${this.#options.name} ended by itself with ${code}:\n${this.daemon.output.slice(-2_000)}`;
    (this.#options.mayFail() ? this.notes : this.problems).push(what);
    this.start().catch(error => this.problems.push(String(error)));
  }
}
