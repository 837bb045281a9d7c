import type { Outgoing } from '../../outgoing.js';
import type { HubReport } from '../../usage/hub-report.js';
import { type FaultContext, type HttpResponse, httpFault, summary } from '../http/faults.js';
import { request } from '../http/request.js';

export interface HubConfig {
  /** Without `/reports`, and without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

export interface HubOptions extends HubConfig {
  readonly outgoing: Outgoing;
  readonly now: () => number;
}

const name = 'The hub';
/** DataCite takes minutes for its largest. */
const reportTimeoutMs = 120_000;
const listTimeoutMs = 30_000;
const maxListBytes = 8 * 1024 * 1024;
/** Reports of one page of the hub's list, as far as it allows, and pages that are looked through. */
const pageReports = 100;
const maxPages = 40;
/** Larger reports are compressed, characters. DataCite recommends it above 10 MB. */
const largeCharacters = 5_000_000;
/** With these a hub, or what stands in front of it, says that it wants the report in another form. */
const otherForm: ReadonlySet<number> = new Set([400, 406, 413, 415]);

/** The requests that a hub of usage reports knows. @see the guide and the source of DataCite's (sashimi) */
export class Hub {
  readonly #options: HubOptions;
  /** It has refused what is not compressed. */
  #compressed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** @throws NoAnswerError */
  async send(method: 'POST' | 'PUT', path: string, report: HubReport, signal: AbortSignal): Promise<HttpResponse> {
    const compressed = this.#compressed || report.characters > largeCharacters;
    const answer = await this.#send(method, path, report, compressed, signal);
    if (compressed || !otherForm.has(answer.status)) return answer;
    const second = await this.#send(method, path, report, true, signal);
    // What is wrong with it is better said of the plain one.
    if (otherForm.has(second.status)) return answer;
    this.#compressed = answer.status === 415;
    return second;
  }

  /**
   * The id of the report of a month, by what the hub lists; `none` when it lists none, `unlisted` when it does not list
   * its reports.
   * @throws TransientError, SetupError
   */
  async find(
    createdBy: string,
    begin: string,
    signal: AbortSignal,
  ): Promise<{ readonly id: string } | 'none' | 'unlisted'> {
    for (let page = 1; page <= maxPages; page += 1) {
      const answer = await this.#list(createdBy, page, signal);
      const fault = answer.status === 404 || answer.status === 501 ? undefined : this.fault(answer);
      if (fault !== undefined) throw fault;
      const listed = answer.status === 200 ? listedIn(answer.text) : undefined;
      if (listed === undefined) return 'unlisted';
      const found = listed.find(one => one.createdBy === createdBy && one.begin === begin);
      if (found !== undefined) return { id: found.id };
      if (listed.length === 0 || page >= pagesIn(answer.text)) break;
    }
    return 'none';
  }

  /**
   * Resolves when a report would have a chance.
   * @param listed it also has to list its reports
   * @throws TransientError, SetupError
   */
  async probe(listed: boolean, signal: AbortSignal): Promise<void> {
    const answer = await this.#list('event-sink', 1, signal);
    const isUnlisted = answer.status === 404 || answer.status === 501;
    const fault = isUnlisted && !listed ? undefined : this.fault(answer);
    if (fault !== undefined) throw fault;
  }

  #list(createdBy: string, page: number, signal: AbortSignal): Promise<HttpResponse> {
    const query = new URLSearchParams({
      'created-by': createdBy,
      sort: '-created',
      'page[size]': String(pageReports),
      'page[number]': String(page),
    });
    return this.#request({
      url: `${this.#options.url}/reports?${query}`,
      signal,
      timeoutMs: listTimeoutMs,
      maxResponseBytes: maxListBytes,
    });
  }

  /** Undefined: an answer that says yes, or that is about the report. */
  fault(answer: HttpResponse): ReturnType<typeof httpFault> {
    return httpFault(answer, this.#context());
  }

  /** What it answered, in words. */
  words(answer: HttpResponse): string {
    return summary(answer, this.#context());
  }

  #send(
    method: 'POST' | 'PUT',
    path: string,
    report: HubReport,
    compressed: boolean,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.#request({
      method,
      url: `${this.#options.url}${path}`,
      headers: { 'content-type': compressed ? 'application/gzip' : 'application/json' },
      body: report.text(compressed),
      gzip: compressed,
      signal,
      timeoutMs: reportTimeoutMs,
    });
  }

  #request({ headers, ...options }: Omit<Parameters<typeof request>[0], 'outgoing'>): Promise<HttpResponse> {
    const { token, outgoing } = this.#options;
    return request({
      ...options,
      outgoing,
      headers: { ...headers, authorization: `Bearer ${token}`, accept: 'application/json' },
    });
  }

  #context(): FaultContext {
    const { token, now } = this.#options;
    return {
      name,
      secrets: [token],
      settings: { credentials: 'USAGE_HUB_TOKEN', address: 'USAGE_HUB_URL' },
      now: now(),
    };
  }
}

/** The id of a report that was taken; undefined when the answer does not say it. */
export function reportIdIn(text: string): string | undefined {
  return idOf(objectIn(text)?.report);
}

interface ListedReport {
  readonly id: string;
  readonly createdBy: unknown;
  readonly begin: unknown;
}

/** Undefined when it is not a list of reports. Only Dataset Master Reports are of interest. */
function listedIn(text: string): ListedReport[] | undefined {
  const reports = objectIn(text)?.reports;
  if (!Array.isArray(reports)) return undefined;
  return reports.flatMap((report: unknown) => {
    const id = idOf(report);
    const header = fieldsOf(fieldsOf(report)['report-header']);
    const isDataset = String(header['report-id']).toLowerCase() === 'dsr';
    const begin = fieldsOf(header['reporting-period'])['begin-date'];
    return id === undefined ? [] : [{ id, createdBy: isDataset ? header['created-by'] : undefined, begin }];
  });
}

/** A hub that does not say how many pages there are has an empty one after the last. */
function pagesIn(text: string): number {
  const pages = fieldsOf(objectIn(text)?.meta)['total-pages'];
  return typeof pages === 'number' ? pages : Number.POSITIVE_INFINITY;
}

function idOf(report: unknown): string | undefined {
  const { id } = fieldsOf(report);
  return typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id) ? id : undefined;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
