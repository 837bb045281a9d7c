import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CommandContext, StartDaemon } from '../../src/cli/command.js';
import { runCommandLine } from '../../src/cli/run.js';
import type { Terminal } from '../../src/cli/terminal.js';
import type { Clock } from '../../src/clock.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was slept, ms. */
  readonly slept: readonly number[];
}

export interface Around {
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly onTerminal?: boolean;
  readonly signals?: CommandContext['signals'];
  readonly startDaemon?: StartDaemon;
  /** By default one that needs no time, and whose deadlines never come. */
  readonly clock?: Clock;
}

/** Runs a command line as the program would, with a clock that needs no time. */
export async function invoke(words: readonly string[], around: Around = {}): Promise<Outcome> {
  const { env = {}, input, onTerminal = false } = around;
  const out: string[] = [];
  const err: string[] = [];
  const slept: number[] = [];
  let time = 1_000_000;
  const clock: Clock = {
    now: () => Date.UTC(2024, 0, 1) + time,
    monotonic: () => time,
    sleep: async (ms, signal) => {
      // Deadlines are aborted in time; only waits that nobody ends move the clock.
      if (signal !== undefined) {
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
        return;
      }
      slept.push(ms);
      time += ms;
    },
  };
  const terminal: Terminal = {
    input: (async function* () {
      if (input !== undefined) yield input;
    })(),
    inputIsTerminal: input === undefined,
    outIsTerminal: onTerminal,
    errIsTerminal: onTerminal,
    columns: 100,
    out: line => out.push(line),
    outColoured: parts => out.push(parts.map(part => (typeof part === 'string' ? part : part.text)).join('')),
    err: line => err.push(line),
    rewrite: line => err.push(line),
  };
  const code = await runCommandLine(words, {
    env,
    terminal,
    clock: around.clock ?? clock,
    signals: around.signals ?? { on: () => {}, off: () => {} },
    loadDaemon: async () => around.startDaemon ?? (() => Promise.reject(new Error('there is no daemon in this test'))),
    exit: status => {
      throw new Error(`exit ${status}`);
    },
  });
  return { code, out: out.join('\n'), err: err.join('\n'), slept };
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface FakeDaemon {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** Answers as the test says; by default it accepts every event. */
export async function fakeDaemon(
  answer: (asked: Asked, index: number) => Answer | 'hang up' | undefined = () => undefined,
): Promise<FakeDaemon> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one: Asked = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      const reply = answer(one, asked.length - 1) ?? accept(one);
      if (reply === 'hang up') return request.socket.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json', connection: 'close', ...reply.headers });
      response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}

export function eventsIn(asked: Asked): Record<string, unknown>[] {
  return asked.body.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
}

function accept(asked: Asked): Answer {
  const ids = eventsIn(asked).map((event, index) => String(event.id ?? `id${index}`));
  return { status: 202, body: { accepted: ids.length, duplicates: 0, ids, durability: 'embedded' } };
}
