import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Receipt } from '../../openapi/api-types.js';
import { buildDocument } from '../../src/http/document.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Random } from '../helpers/random.js';
import { Forger } from './forger.js';
import { Identities, type IdentityRequest } from './identity.js';
import { Liar } from './liar.js';
import { LoopRecord } from './loop-record.js';
import { demand, FuzzProblem } from './problem.js';
import { broken, type Keys, type RawRequest, wellFramed } from './requests.js';
import { Sloths } from './sloths.js';
import { Standing } from './standing.js';
import { exchange, type RawAnswer } from './wire.js';

export interface HttpOptions {
  readonly seed: number;
  readonly inputs: number;
  /** Number of the first volley: to begin at one that failed. */
  readonly firstVolley?: number;
  readonly log: (line: string) => void;
}

export interface HttpResult {
  readonly answered: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly accepted: number;
  /** Items that were accepted again, and requests that were refused for another text under the same id. */
  readonly identities: Pick<Identities, 'repeated' | 'conflicts'>;
  /** Resident memory of the daemon, MiB, at even steps of the run. */
  readonly keyValues: readonly number[];
  /** Longest time that the event loop stood, ms. */
  readonly longestStallMs: number;
  /** What else went on, and how it ended, in words. */
  readonly notes: readonly string[];
}

const atOnce = 8;
const maxInVolley = 40;
/** Longer than the daemon waits for a body. */
const patienceMs = 60_000;
const memorySteps = 40;
const maxMemoryMiB = 400;
/** Readers that stand still hold the answers of their own key's share; whoever has another key is served. */
const forgerKey = 'fuzz-key-of-the-forger';
/** The event loop answers nobody meanwhile. */
const maxStallMs = 200;

/**
 * Hostile requests at a real daemon, many on each connection; nothing may end it, confuse it, fill
 * its memory or go without an answer.
 */
export async function fuzzHttp({ seed, inputs, firstVolley = 0, log }: HttpOptions): Promise<HttpResult> {
  const keys: Keys = { all: 'fuzz-key-of-all-scopes', publish: 'fuzz-key-to-publish', read: 'fuzz-key-to-read' };
  const liar = new Liar(new Random(seed).fork('liar'));
  const loop = new LoopRecord();
  const env = {
    API_KEYS: entries({ ...keys, forger: forgerKey }),
    LOCAL_MAX_MB: '64',
    ...loop.env,
    ...liedTo(await liar.start()),
  };
  const daemon = new TestDaemon({ key: keys.all, env, node: loop.node });
  await daemon.start();
  loop.begin();
  const sloths = new Sloths(daemon.port, 20);
  const standing = new Standing(daemon.port, keys, 3);
  const forger = new Forger(daemon, forgerKey, new Random(seed).fork('forger'));
  forger.begin();
  const allowed = documented();
  const identities = new Identities();
  const statuses = new Map<number, number>();
  const keyValues: number[] = [];
  let answered = 0;
  let accepted = 0;
  let volley = firstVolley;

  const shoot = async (): Promise<void> => {
    while (answered < inputs) {
      const number = volley++;
      const random = new Random(seed).fork(`volley ${number}`);
      try {
        const answers = random.chance(0.15)
          ? await one(daemon.port, random, keys)
          : await many({ port: daemon.port, random, keys, allowed, identities });
        for (const { status, body } of answers) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 202) accepted += (JSON.parse(body) as Receipt).accepted;
        }
        answered += Math.max(1, answers.length);
      } catch (error) {
        const what = `volley ${number}: ${error instanceof Error ? error.message : error}`;
        throw error instanceof FuzzProblem ? FuzzProblem.about(error, what) : new FuzzProblem(what, '');
      }
      if (answered >= ((keyValues.length + 1) * inputs) / memorySteps) {
        keyValues.push(residentMegabytes(daemon.pid));
        demand(keyValues.at(-1)! < maxMemoryMiB, `the daemon takes ${keyValues.at(-1)} MiB`, '');
        if (keyValues.length % 8 === 0) log(`${answered} requests answered, ${keyValues.at(-1)} MiB`);
      }
    }
  };

  try {
    await Promise.all(Array.from({ length: atOnce }, shoot)).catch(error => {
      if (!(error instanceof FuzzProblem)) throw error;
      throw FuzzProblem.about(error, `${error.message}\nthe end of the log: ${daemon.output.slice(-1_500)}`);
    });
    demand((await daemon.request('/healthz')).status === 200, 'the daemon is not healthy', '');
    liar.honest = true;
    const forged = await forger.end();
    demand(sloths.overdue === 0, `${sloths.overdue} slow connections are still there`, '');
    demand(standing.overdue.length === 0, `clients are still there that ${standing.overdue}`, '');
    const { longestMs: longestStallMs } = loop;
    demand(longestStallMs <= maxStallMs, `the event loop stood for ${longestStallMs} ms`, '');
    const notes = [await sloths.end(), standing.end(), forged, `${liar.lies} lies of destinations`];
    // A destination that asks for an hour's patience has it; a new process asks again at once.
    await stop(daemon);
    await daemon.start();
    await daemon.drained(600_000);
    await conserved(daemon, accepted);
    sound(daemon);
    await stop(daemon);
    const result = { answered, statuses, accepted, identities, keyValues, longestStallMs, notes };
    return result;
  } finally {
    await sloths.end();
    standing.end();
    await forger.end().catch(() => {});
    await daemon.remove();
    await liar.stop();
    loop.remove();
  }
}

async function stop(daemon: TestDaemon): Promise<void> {
  demand((await daemon.kill('SIGTERM')) === 0, 'the daemon does not end in order', daemon.output.slice(-2_000));
}

/** Settings of two sinks at a destination that lies, and of a service that is looked at there. */
function liedTo(port: number): Record<string, string> {
  return {
    AMPLITUDE_API_KEY: 'key-of-the-project',
    AMPLITUDE_SERVER_URL: `http://127.0.0.1:${port}/2/httpapi`,
    AMPLITUDE_CATEGORIES: 'upload',
    INFLUXDB_HOST: '127.0.0.1',
    INFLUXDB_PORT: String(port),
    INFLUXDB_DATABASE: 'events',
    INFLUXDB_CATEGORIES: 'page_view,view_resource,health',
    HEALTH_TARGETS: `own=tcp://127.0.0.1:${port}`,
    HEALTH_INTERVAL_SECONDS: '2',
    HEALTH_TIMEOUT_SECONDS: '1',
  };
}

function entries(keys: Keys & { readonly forger: string }): string {
  const scopes = { all: 'publish+read+admin', publish: 'publish', read: 'read', forger: 'read' };
  return Object.entries(scopes)
    .map(
      ([name, granted]) =>
        `${name}:${granted}:${createHash('sha256')
          .update(keys[name as keyof typeof scopes])
          .digest('hex')}`,
    )
    .join(',');
}

/** One that breaks the rules of HTTP: at most one answer, and the end of the connection. */
async function one(port: number, random: Random, keys: Keys): Promise<readonly RawAnswer[]> {
  const bytes = broken(random, keys);
  const { answers, late } = await exchange(port, bytes, ['GET', 'GET'], { patienceMs, halfClose: true });
  demand(!late, 'neither an answer nor an end', bytes);
  for (const { status } of answers) {
    demand([200, 400, 401, 404, 405, 408, 413, 415, 431].includes(status), `${status} for what is no good HTTP`, bytes);
  }
  return answers;
}

interface Volley {
  readonly port: number;
  readonly random: Random;
  readonly keys: Keys;
  readonly allowed: Allowed;
  readonly identities: Identities;
}

/** A pipeline of requests: an answer to each, in order, of a status that the document knows. */
async function many({ port, random, keys, allowed, identities }: Volley): Promise<readonly RawAnswer[]> {
  const requests = Array.from({ length: random.integer(1, maxInVolley) }, () =>
    random.chance(0.2) ? identities.draw(random, keys) : wellFramed(random, keys),
  );
  for (const request of requests) if (isClaiming(request)) identities.attempt(request);
  const methods = requests.map(({ method }) => method);
  const whole = Buffer.concat(requests.map(({ bytes }) => bytes));
  const { answers, ended, late } = await exchange(port, whole, methods, { patienceMs, halfClose: false });
  for (const [index, answer] of answers.entries()) {
    const request = requests[index]!;
    right(request, answer, allowed);
    if (isClaiming(request)) identities.check(request, answer);
  }
  const next = requests[answers.length]?.bytes ?? '';
  demand(!late, `no answer to request ${answers.length + 1} of ${requests.length}`, next);
  // The rest of a pipeline is not answered after an answer that ends the connection.
  const last = answers.at(-1);
  const said = last?.headers.get('connection') === 'close';
  demand(
    !ended || answers.length === requests.length || said,
    'the connection ended without an answer that said so',
    next,
  );
  return answers;
}

function isClaiming(request: RawRequest): request is IdentityRequest {
  return 'claims' in request;
}

type Allowed = ReadonlyMap<string, ReadonlySet<number>>;

/** Statuses of each route in the OpenAPI document, but 500: that is always a defect. */
function documented(): Allowed {
  const allowed = new Map<string, ReadonlySet<number>>();
  for (const [path, item] of Object.entries(buildDocument().paths)) {
    for (const [method, operation] of Object.entries({ GET: item.get, POST: item.post, DELETE: item.delete })) {
      if (operation === undefined) continue;
      const statuses = new Set(Object.keys(operation.responses).map(Number));
      statuses.delete(500);
      allowed.set(`${method} ${path}`, statuses);
      if (method === 'GET') allowed.set(`HEAD ${path}`, statuses);
    }
  }
  return allowed;
}

const unrouted: ReadonlySet<number> = new Set([204, 400, 404, 405]);

function right({ method, target, bytes }: RawRequest, { status, headers, body }: RawAnswer, allowed: Allowed): void {
  const [path = ''] = target.split('?');
  const statuses = allowed.get(`${method} ${path}`) ?? unrouted;
  demand(statuses.has(status), `${status} to ${method} ${path}: ${body.slice(0, 300)}`, bytes);
  demand(headers.has('x-request-id'), 'an answer without an id', bytes);
  demand(!headers.has('injected'), 'a header was put into the answer', bytes);
  demand(path === '/v1/session' || !headers.has('set-cookie'), 'a cookie out of nowhere', bytes);
  demand(!/\n\s+at .+:\d+:\d+/.test(body), 'an answer shows the inside', bytes);
  if (headers.get('content-type')?.includes('json') && body !== '') {
    const problem = JSON.parse(body) as { status?: number };
    if (status >= 400) demand(problem.status === status, 'an error that is no problem document', bytes);
  }
}

function residentMegabytes(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}

/**
 * What was acknowledged is accounted for. A pipeline's rest may have been accepted although its
 * answer could not be sent any more.
 */
async function conserved(daemon: TestDaemon, accepted: number): Promise<void> {
  await daemon.drained();
  const ledger = await daemon.json('/v1/ledger');
  const local = ledger.sinks.find(({ sink }) => sink === 'local');
  demand(ledger.balanced && local!.pending === 0, `the ledger does not balance: ${JSON.stringify(ledger)}`, '');
  demand(local!.accepted >= accepted, `${accepted} acknowledged, but ${local!.accepted} in the ledger`, '');
  demand(local!.dead === 0, `${local!.dead} accepted events are dead letters of the local store`, '');
}

/** Every line of the log is one whole JSON object, and none of them tells of a defect. */
function sound({ output, complaints }: TestDaemon): void {
  // A sink whose destination refuses it says so.
  const own = complaints.filter(line => !/"sink":"(?:amplitude|influxdb)"/.test(line));
  demand(own.length === 0, 'an error in the log', own.join('\n'));
  const lines = output.split('\n').slice(1, -1);
  for (const line of lines) {
    try {
      JSON.parse(line);
    } catch {
      throw new FuzzProblem('a line of the log that is not JSON', line);
    }
  }
}
