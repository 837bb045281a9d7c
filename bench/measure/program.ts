import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program under measurement. What it writes on its standard error is shown. */
export class Program {
  /** The exit code; null after a signal. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    this.ended = once(this.#child, 'exit').then(([code]) => code);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line that it writes: it is ready then. @throws Error when it ends before */
  async ready(): Promise<string> {
    const died = this.ended.then(code =>
      Promise.reject(new Error(`${this.#child.spawnargs.join(' ')} ended with ${code}`)),
    );
    const [line] = (await Promise.race([once(this.#child.stdout!, 'data'), died])) as [Buffer];
    return line.toString().trim();
  }

  /** All that it writes, until it ends. */
  async output(): Promise<string> {
    const chunks: Buffer[] = [];
    this.#child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(this.#child, 'close');
    return Buffer.concat(chunks).toString();
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}
