import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { skipped } from '../skip.js';
import { type Asked, type Reply, StandIn } from './stand-in.js';

const schemaFile = '../shared/data/datacite-usage-report.schema.json';

/** Made when a file is loaded: what is not there is said before its first test, on a line of its own. */
const schemaProblemOf = validator();

type Fields = Readonly<Record<string, unknown>>;

export interface HubReport {
  readonly 'report-header': Fields & {
    readonly 'created-by': string;
    readonly 'reporting-period': { readonly 'begin-date': string; readonly 'end-date': string };
    readonly exceptions: readonly { readonly code: number; readonly 'help-url'?: string }[];
  };
  readonly 'report-datasets': readonly Fields[];
}

/**
 * A hub of usage reports with the requests of DataCite's, stricter than that: by the receiver's own schema where it is
 * there, one month a report, an id of the publisher, and a POST always makes a report of its own.
 */
export class HubServer extends StandIn {
  readonly token = 'token-of-the-hub';
  readonly reports = new Map<string, HubReport>();
  /** How often each report was written. */
  readonly writes = new Map<string, number>();
  /** Answers 202, as where reports are checked later. */
  queues = false;
  /** Takes what is compressed, and nothing else. */
  gzipOnly = false;
  /** Lists its reports. */
  lists = true;
  /** Answers a POST of a month that it has with the report that it has, unchanged: as DataCite's does. */
  knowsMonths = false;
  /** Says the id of a report that it took. */
  saysIds = true;
  /** Reports of one page of its list, at most. */
  pageSize = 100;

  constructor() {
    super(asked => this.#answer(asked));
  }

  /** The months that it has reports of, once for each report. */
  months(): string[] {
    return [...this.reports.values()].map(report => monthOf(report)).sort();
  }

  methods(): string[] {
    return this.asked.map(({ method }) => method);
  }

  #answer(asked: Asked): Reply {
    const { method, url, headers } = asked;
    if (headers.authorization !== `Bearer ${this.token}`) return refusal(401, 'You are not authorized.');
    const [, root, id, ...more] = url.pathname.split('/');
    if (root !== 'reports' || more.length > 0) return refusal(404, 'There is no such path.');
    if (method === 'GET' && id === undefined)
      return this.lists ? this.#list(url.searchParams) : refusal(404, 'No list.');
    if (method === 'PUT' && id !== undefined && !this.reports.has(id)) return refusal(404, 'There is no such report.');
    if (method !== (id === undefined ? 'POST' : 'PUT')) return refusal(405, 'Not this method.');
    const read = this.#read(asked);
    if ('status' in read) return read;
    return id === undefined ? this.#create(read.report) : this.#keep(id, read.report, 200);
  }

  #create(report: HubReport): Reply {
    const known = [...this.reports].find(([, other]) => monthOf(other) === monthOf(report));
    if (known !== undefined && this.knowsMonths) return this.#say(known[0], known[1], 201);
    return this.#keep(randomUUID(), report, 201);
  }

  #keep(id: string, report: HubReport, status: number): Reply {
    this.reports.set(id, report);
    this.writes.set(id, (this.writes.get(id) ?? 0) + 1);
    return this.#say(id, report, this.queues ? 202 : status);
  }

  #say(id: string, report: HubReport, status: number): Reply {
    return { status, body: JSON.stringify({ report: { ...(this.saysIds ? { id } : {}), ...report } }) };
  }

  #list(query: URLSearchParams): Reply {
    const size = Math.min(Number(query.get('page[size]') ?? 25), this.pageSize);
    const from = (Number(query.get('page[number]') ?? 1) - 1) * size;
    const found = [...this.reports]
      .filter(([, report]) => report['report-header']['created-by'] === query.get('created-by'))
      .map(([id, report]) => ({ id, 'report-header': report['report-header'] }));
    const pages = Math.ceil(found.length / size);
    const meta = { total: found.length, 'total-pages': pages };
    return { status: 200, body: JSON.stringify({ reports: found.slice(from, from + size), meta }) };
  }

  #read({ headers, body }: Asked): Reply | { readonly report: HubReport } {
    const isPacked = headers['content-encoding'] === 'gzip';
    if (headers['content-type'] !== (isPacked ? 'application/gzip' : 'application/json'))
      return refusal(415, 'Content-Type and Content-Encoding do not fit.');
    if (this.gzipOnly && !isPacked) return refusal(415, 'Only compressed reports.');
    let report: HubReport;
    try {
      report = JSON.parse(body);
    } catch {
      return refusal(422, 'Not JSON.');
    }
    const problem = schemaProblemOf(report) ?? problemOf(report, isPacked);
    return problem === undefined ? { report } : refusal(422, problem);
  }
}

/** What the schema does not say. */
function problemOf(report: HubReport, isPacked: boolean): string | undefined {
  const { 'report-header': header, 'report-datasets': datasets } = report;
  const { 'begin-date': begin, 'end-date': end } = header['reporting-period'];
  if (begin.slice(0, 7) !== end.slice(0, 7)) return 'Reports are monthly.';
  if (datasets.length === 0) return 'The report is empty.';
  if (header.exceptions.some(({ code }) => code === 69) !== isPacked) return 'Exception 69 says what is compressed.';
  if (datasets.some(one => (one['publisher-id'] as unknown[]).length === 0)) return 'publisher-id is missing.';
  return undefined;
}

function validator(): (report: unknown) => string | undefined {
  if (!existsSync(schemaFile)) {
    skipped("the receiver's schema of usage reports", `${schemaFile} is not there`);
    return report => (typeof report === 'object' ? undefined : 'Not a report.');
  }
  const { definitions } = JSON.parse(readFileSync(schemaFile, 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const validate = ajv.compile({ definitions, $ref: '#/definitions/counter_dataset_report' });
  return report => (validate(report) ? undefined : ajv.errorsText(validate.errors));
}

function monthOf(report: HubReport): string {
  return report['report-header']['reporting-period']['begin-date'].slice(0, 7);
}

function refusal(status: number, title: string): Reply {
  return { status, body: JSON.stringify({ errors: [{ status: String(status), title }] }) };
}
