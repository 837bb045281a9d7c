import { linesIn, type ParsedPoint, parseLine } from '../line-protocol.js';
import { type Asked, type Reply, StandIn } from './stand-in.js';

/**
 * An InfluxDB, 1.x and 2 at once, that takes the rules seriously: parses each line, fixes types,
 * refuses in the words of the real ones.
 */
export class InfluxdbStandIn extends StandIn {
  readonly points = new Map<string, ParsedPoint>();
  readonly types = new Map<string, string>();
  /** What only this test finds wrong with a point. */
  refuses: (point: ParsedPoint) => string | undefined = () => undefined;
  /** No type is fixed but by `refuses`. */
  typesDiffer = false;
  token = 'the-right-token';
  database: string | undefined = 'eventsink';
  /** Bytes of a body. */
  maxBody = Number.POSITIVE_INFINITY;

  constructor() {
    super(asked => this.#answer(asked));
  }

  ids(): string[] {
    return [...this.points.values()].map(({ fields }) => String(fields.event_id?.value));
  }

  #answer(asked: Asked): Reply {
    const { pathname, searchParams } = asked.url;
    const two = pathname.startsWith('/api/v2/');
    const refused = (status: number, text: string): Reply => ({
      status,
      body: JSON.stringify(two ? { code: 'invalid', message: text } : { error: text }),
    });
    const basic = `Basic ${Buffer.from(`ann:${this.token}`).toString('base64')}`;
    if (asked.headers.authorization !== (two ? `Token ${this.token}` : basic))
      return refused(401, 'unauthorized access');
    if (pathname === '/query') return this.#query(new URLSearchParams(asked.body).get('q') ?? '');
    if (pathname !== '/write' && pathname !== '/api/v2/write') return { status: 404, body: '404 page not found' };
    if (searchParams.get('precision') !== 'ns') return refused(400, 'bad precision');
    if (searchParams.get(two ? 'bucket' : 'db') !== this.database) return refused(404, 'bucket or database not found');
    if (two && searchParams.get('org') === '') return refused(400, 'please provide either orgID or org');
    if (Buffer.byteLength(asked.body) > this.maxBody) return refused(413, 'Request Entity Too Large');
    return this.#write(linesIn(asked.body), two, refused);
  }

  #write(lines: readonly string[], two: boolean, refused: (status: number, text: string) => Reply): Reply {
    const parsed: ParsedPoint[] = [];
    const wrong: string[] = [];
    for (const line of lines) {
      try {
        parsed.push(parseLine(line));
      } catch (error) {
        wrong.push((error as Error).message);
      }
    }
    if (two && wrong.length > 0) return refused(400, wrong[0]!);
    let dropped = 0;
    let reason: string | undefined;
    for (const point of parsed) {
      const problem = this.refuses(point) ?? this.#conflict(point);
      if (problem === undefined) this.#keep(point);
      else {
        dropped += 1;
        reason ??= problem;
      }
    }
    if (wrong.length > 0) return refused(400, `partial write: ${wrong.join('\n')} dropped=${dropped}`);
    if (reason === undefined) return { status: 204, body: '' };
    return refused(
      two ? 422 : 400,
      `${two ? 'failure writing points to database: ' : ''}partial write: ${reason} dropped=${dropped}`,
    );
  }

  #conflict({ measurement, fields }: ParsedPoint): string | undefined {
    if (this.typesDiffer) return undefined;
    for (const [name, { type }] of Object.entries(fields)) {
      const known = this.types.get(name);
      if (known !== undefined && known !== type) {
        return `field type conflict: input field "${name}" on measurement "${measurement}" is type ${type}, already exists as type ${known}`;
      }
    }
    return undefined;
  }

  #keep(point: ParsedPoint): void {
    for (const [name, { type }] of Object.entries(point.fields)) this.types.set(name, type);
    this.points.set(JSON.stringify([point.measurement, point.tags, String(point.ns)]), point);
  }

  #query(statement: string): Reply {
    const created = /^CREATE DATABASE "(.+)"$/.exec(statement);
    if (created !== null) this.database = created[1];
    const values = statement.startsWith('SHOW FIELD KEYS') ? [...this.types] : undefined;
    const series =
      values === undefined ? {} : { series: [{ name: 'events', columns: ['fieldKey', 'fieldType'], values }] };
    return { status: 200, body: JSON.stringify({ results: [{ statement_id: 0, ...series }] }) };
  }
}
