import type { TrustedProxies } from '../ip-address.js';
import type { AnswerLimits } from './answer-pool.js';
import type { ConnectionLimits } from './connections.js';
import type { TlsPaths } from './tls-files.js';

/** The settings of the HTTP layer. Sizes in bytes, times in ms. */
export interface HttpSettings extends AnswerLimits, ConnectionLimits {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly trustProxy: TrustedProxies;
  /** Undefined = plain HTTP. */
  readonly tls: TlsPaths | undefined;
  /** That plain HTTP can be reached from elsewhere is meant: no problem is shown. */
  readonly plainHttp: boolean;
  /** Origins whose pages may call the API; none by default. `*` = all. */
  readonly corsOrigins: readonly string[];
  /** The limit of a body, packed and unpacked alike. */
  readonly maxBodyBytes: number;
  readonly maxEvents: number;
  /** Requests a minute of each key; undefined = no limit. */
  readonly rateLimit: number | undefined;
  /** Bodies received and not answered yet, all requests together; beyond it 503. */
  readonly maxInFlightBytes: number;
  /** From the end of the headers to the end of the body; beyond it 408. */
  readonly bodyTimeoutMs: number;
  /** From the first byte of a request to the end of its headers; beyond it 408. */
  readonly headersTimeoutMs: number;
  /** How long a connection may be idle, before its first request as well as between two; then it is closed. */
  readonly keepAliveMs: number;
  /** Live streams open at once; beyond it 503. */
  readonly maxStreams: number;
  /** A stream ends after this time, and its reader connects again. */
  readonly streamMs: number;
  readonly heartbeatMs: number;
  readonly sessionMs: number;
  /** How many one address may make in a minute; beyond it 429. */
  readonly failedAttempts: number;
  /** Requests a minute with a collect key that has no quota of its own. */
  readonly pageQuota: number;
  /** Requests a minute of one address with one collect key. */
  readonly pageQuotaPerAddress: number;
}

const MiB = 1024 * 1024;

export const defaultHttpSettings: HttpSettings = {
  host: '127.0.0.1',
  port: 8080,
  trustProxy: 'none',
  tls: undefined,
  plainHttp: false,
  corsOrigins: [],
  rateLimit: undefined,
  maxBodyBytes: MiB,
  maxEvents: 1000,
  maxInFlightBytes: 64 * MiB,
  maxAnswerBytes: 32 * MiB,
  maxAnswerBytesPerOwner: 8 * MiB,
  maxConnections: 10_000,
  stalledMs: 30_000,
  bodyTimeoutMs: 30_000,
  headersTimeoutMs: 15_000,
  keepAliveMs: 75_000,
  maxStreams: 100,
  streamMs: 3_600_000,
  heartbeatMs: 15_000,
  sessionMs: 12 * 3_600_000,
  failedAttempts: 20,
  pageQuota: 6_000,
  pageQuotaPerAddress: 600,
};
