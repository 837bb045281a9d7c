import { SetupError, TransientError } from '../../errors.js';
import type { People } from '../../people/people.js';
import { httpFault } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { ErasedThere, SinkTools } from '../sink.js';
import { faultContext, type InfluxdbConfig } from './settings.js';
import { maxAnswerBytes, requestTimeoutMs } from './writer.js';
import type { V1Config } from './writer-v1.js';
import type { V2Config } from './writer-v2.js';

/** A point is found by its tags alone; these say who it is about. */
const personalTags = /(?:^|_)(?:user|author|creator|owner)_(?:id|name)$|^user$/;
/** Fields cannot be asked for in a deletion. */
const fieldsStay =
  'InfluxDB deletes by tags alone: points in which the person stands in a field, and in no tag, can be deleted by their time, or wait for the retention of the database';

/** Points whose tags name them go whole: InfluxDB can take nothing out of a point. */
export async function eraseFrom(
  config: InfluxdbConfig,
  { texts = [] }: People,
  tools: SinkTools,
  signal: AbortSignal,
): Promise<ErasedThere> {
  const tags = config.tags.filter(tag => personalTags.test(tag));
  const ask = asker(config, tools, signal);
  try {
    for (const tag of tags) for (const text of texts) await ask.erase(tag, text);
  } catch (error) {
    if (error instanceof NoDeletionsError) return { steps: [error.message] };
    throw error;
  }
  const others = tags.filter(tag => !tag.startsWith('user'));
  const whole =
    others.length === 0
      ? []
      : [`points of others with the person as ${others.join(' or ')} went whole, and are missing in charts`];
  return { steps: [...whole, fieldsStay] };
}

/** Points whose tags name them; of InfluxDB 1 alone. */
export async function* pointsAbout(
  config: InfluxdbConfig,
  { texts = [] }: People,
  tools: SinkTools,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const ask = asker(config, tools, signal);
  for (const tag of config.tags.filter(tag => personalTags.test(tag)))
    for (const text of texts) yield* await ask.points(tag, text);
}

/** To try again is of no use: somebody has to delete there. */
class NoDeletionsError extends SetupError {
  override name = 'NoDeletionsError';
}

interface Asker {
  erase(tag: string, text: string): Promise<void>;
  points(tag: string, text: string): Promise<object[]>;
}

interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Send = (question: Question) => Promise<string>;

function asker({ server, measurement }: InfluxdbConfig, { clock, outgoing }: SinkTools, signal: AbortSignal): Asker {
  const context = { ...faultContext(server), now: clock.now() };
  const limits = { signal, timeoutMs: requestTimeoutMs, maxResponseBytes: maxAnswerBytes };
  const send: Send = async question => {
    const answer = await request({ outgoing, method: 'POST', ...limits, ...question });
    if (answer.status === 404 || answer.status === 405)
      throw new NoDeletionsError('this InfluxDB takes no deletions over HTTP: delete there what it has of the person');
    const fault = httpFault(answer, context);
    if (fault !== undefined) throw fault;
    if (answer.status >= 300) throw new TransientError(`InfluxDB answered ${answer.status} to a deletion`);
    return answer.text;
  };
  return server.version === 1 ? versionOne(server, measurement, send) : versionTwo(server, measurement, send);
}

/** InfluxQL: https://docs.influxdata.com/influxdb/v1/query_language/manage-database/#delete-series-with-delete. */
function versionOne(server: V1Config, measurement: string, send: Send): Asker {
  const query = async (statement: string): Promise<readonly Result[]> => {
    const text = await send({
      url: `${server.url}/query?db=${encodeURIComponent(server.database)}`,
      headers: { ...authorizationOf(server), 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ q: statement }).toString(),
    });
    const { results = [] } = JSON.parse(text) as { readonly results?: readonly Result[] };
    const error = results.find(one => one.error !== undefined)?.error;
    // Nothing was ever written there.
    if (error !== undefined && !/not found/.test(error)) throw new SetupError(`InfluxDB: ${error}`);
    return results;
  };
  const where = (tag: string, text: string): string =>
    `FROM ${quoted('"', measurement)} WHERE ${quoted('"', tag)} = ${quoted("'", text)}`;
  return {
    erase: async (tag, text) => void (await query(`DELETE ${where(tag, text)}`)),
    points: async (tag, text) =>
      (await query(`SELECT * ${where(tag, text)}`)).flatMap(({ series = [] }) => series.flatMap(pointsIn)),
  };
}

interface Result {
  readonly error?: string;
  readonly series?: readonly SeriesRows[];
}

interface SeriesRows {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

function pointsIn({ columns, values }: SeriesRows): object[] {
  return values.map(row =>
    Object.fromEntries(columns.flatMap((name, index) => (row[index] === null ? [] : [[name, row[index]] as const]))),
  );
}

/** https://docs.influxdata.com/influxdb/v2/write-data/delete-data/. */
function versionTwo({ url, token, org, bucket }: V2Config, measurement: string, send: Send): Asker {
  return {
    async erase(tag, text) {
      const predicate = `_measurement=${quoted('"', measurement)} AND ${quoted('"', tag)}=${quoted('"', text)}`;
      await send({
        url: `${url}/api/v2/delete?${new URLSearchParams({ org, bucket })}`,
        headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ start: '1970-01-01T00:00:00Z', stop: '2262-01-01T00:00:00Z', predicate }),
      });
    },
    async points() {
      throw new SetupError('of InfluxDB 2 and 3 nothing is exported: ask it for points with the person as a tag');
    },
  };
}

function quoted(mark: '"' | "'", text: string): string {
  return mark + text.replace(/[\\"']/g, found => (found === '\\' || found === mark ? `\\${found}` : found)) + mark;
}
