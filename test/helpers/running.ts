import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { Socket } from 'node:net';

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** As root: as `nobody` instead, the way a service would run. */
  readonly unprivileged?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** uid and gid of `nobody`, whom servers run as when the tests run as root. */
export const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;

const alive = new Set<ChildProcess>();

// A file that ends early (a skip, a failure at import) leaves nothing either.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A program under test, or a server beside it, known by its pid. */
export class Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';
  #exit: Exit | undefined;

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    const [program, parameters] = options.unprivileged ? asNobody(command, args) : [command, args];
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
    });
    alive.add(child);
    this.#child = child;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output += chunk;
      });
    }
    this.exited = new Promise(resolve => {
      const ended = (exit: Exit): void => {
        alive.delete(child);
        // What it has started itself may hold its pipes a while longer.
        for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      child.once('error', error => {
        this.#output += error.message;
        ended({ code: 127, signal: null });
      });
      child.once('exit', (code, signal) => ended({ code, signal }));
    });
  }

  /** What it has written so far, both streams. */
  get output(): string {
    return this.#output;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, and after `within` ms makes it end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', within = 10_000): Promise<Exit> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), within);
    this.#child.kill(signal);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  kill9(): Promise<Exit> {
    return this.stop('SIGKILL');
  }
}

/** Runs it to its end. @throws Error with its output, when it ends with anything but 0 */
export async function complete(command: string, args: readonly string[], options: StartOptions = {}): Promise<string> {
  const running = new Running(command, args, options);
  const { code, signal } = await running.exited;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${running.output}`);
  return running.output;
}

/** The full path of the first of these programs that is there. */
export function findProgram(...names: readonly string[]): string | undefined {
  const { stdout } = spawnSync('sh', ['-c', names.map(name => `command -v '${name}'`).join('; ')], {
    encoding: 'utf8',
  });
  return stdout.split('\n')[0] || undefined;
}

function asNobody(command: string, args: readonly string[]): [string, readonly string[]] {
  if (!nobody) return [command, args];
  return ['setpriv', [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups', command, ...args]];
}
