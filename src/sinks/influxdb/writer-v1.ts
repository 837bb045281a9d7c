import { SetupError, TransientError } from '../../errors.js';
import { type HttpResponse, httpFault, summary } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkTools } from '../sink.js';
import type { FieldType } from './line-protocol.js';
import { typeNamed } from './types.js';
import { emptyWrite, type FaultNames, maxAnswerBytes, requestTimeoutMs, type Writer } from './writer.js';

export interface V1Config {
  readonly version: 1;
  /** `http://host:port`, perhaps with a path. */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string;
  readonly database: string;
  readonly gzip: boolean;
}

type WriterTools = Pick<SinkTools, 'clock' | 'outgoing'>;

/** InfluxDB 1.x: `POST /write` and InfluxQL (https://docs.influxdata.com/influxdb/v1/tools/api/). */
export function writerV1(
  config: V1Config,
  measurement: string,
  faults: FaultNames,
  { clock, outgoing }: WriterTools,
): Writer {
  const authorization = authorizationOf(config);
  const writeUrl = `${config.url}/write?db=${encodeURIComponent(config.database)}&precision=ns`;

  /** InfluxQL answers 200 and says in the body what went wrong with the statement. */
  const query = (statement: string, signal: AbortSignal | undefined): Promise<HttpResponse> =>
    request({
      outgoing,
      url: `${config.url}/query?db=${encodeURIComponent(config.database)}`,
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ q: statement }).toString(),
      ...(signal === undefined ? {} : { signal }),
      timeoutMs: requestTimeoutMs,
      maxResponseBytes: maxAnswerBytes,
    });

  const send = (lines: Uint8Array, signal: AbortSignal): Promise<HttpResponse> =>
    request({
      outgoing,
      url: writeUrl,
      method: 'POST',
      headers: { ...authorization, 'content-type': 'text/plain; charset=utf-8' },
      body: lines,
      gzip: config.gzip,
      signal,
      timeoutMs: requestTimeoutMs,
      maxResponseBytes: maxAnswerBytes,
    });

  return {
    /**
     * A user without the right to create a database may still write to one that is there: the first write will show it.
     */
    async prepare(signal) {
      const answer = await query(`CREATE DATABASE ${identifier(config.database)}`, signal);
      if (answer.status === 403) return;
      const context = { ...faults, now: clock.now() };
      const fault = httpFault(answer, context);
      if (fault !== undefined) throw fault;
      if (resultsIn(answer.text) === undefined) throw new TransientError(summary(answer, context));
    },
    async prepared(signal) {
      const answer = await send(emptyWrite, signal);
      if (answer.status !== 404 || !answer.text.includes('database not found')) return true;
      // Who may ask this may also create a database.
      if ((await query('SHOW USERS', signal)).status === 200) return false;
      throw new SetupError(
        `InfluxDB has no database ${config.database}, and the user of INFLUXDB_USER may not create one: create it there and let the user write to it, or name another in INFLUXDB_DATABASE`,
      );
    },
    send,
    async fieldTypes(signal) {
      try {
        const answer = await query(`SHOW FIELD KEYS FROM ${identifier(measurement)}`, signal);
        return answer.status === 200 ? typesIn(answer.text) : new Map();
      } catch {
        return new Map();
      }
    },
    close: () => {},
  };
}

function identifier(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

interface Result {
  readonly series?: readonly { readonly values?: readonly (readonly unknown[])[] }[];
}

function resultsIn(text: string): readonly Result[] | undefined {
  try {
    const { results } = JSON.parse(text) as { results?: unknown };
    return Array.isArray(results) ? (results as Result[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Shards can disagree on a field: it is listed once per type then, and nothing is known of it. */
function typesIn(text: string): Map<string, FieldType> {
  const types = new Map<string, FieldType>();
  const seen = new Set<string>();
  for (const [name, word] of resultsIn(text)?.[0]?.series?.[0]?.values ?? []) {
    const type = typeof word === 'string' ? typeNamed(word) : undefined;
    if (typeof name !== 'string' || type === undefined) continue;
    if (seen.has(name)) types.delete(name);
    else types.set(name, type);
    seen.add(name);
  }
  return types;
}
