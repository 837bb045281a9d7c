import type { Comparison } from '../../comparison.js';
import type { Pattern } from '../../pattern.js';

/** What one target asks of a server. */
export interface HttpCheck {
  /** With its user and query: never shown. */
  readonly url: string;
  /** Upper case. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent. */
  readonly body?: string | undefined;
  /** How many redirects are followed, one after another; beyond them a redirect is an answer. */
  readonly redirects: number;
  /** A PEM file of certificates to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** What browsers forgive is forgiven: a chain without its intermediate certificates, sloppy headers. */
  readonly lenient: boolean;
  /** Whether HTTPS_PROXY, HTTP_PROXY and NO_PROXY hold for it. */
  readonly proxy: boolean;
  readonly expect: {
    /** Ranges, both ends included. */
    readonly status: readonly StatusRange[];
    /** By the names of headers, in lower case. */
    readonly headers: readonly Expected[];
    /** Text that the body contains. */
    readonly body?: string | undefined;
    /** Found in the beginning of the body. */
    readonly matches?: Pattern | undefined;
    /** By dotted paths in the JSON body. */
    readonly json: readonly Expected[];
    /** An answer that takes longer has failed, s. */
    readonly response_time?: number | undefined;
    /** With fewer days left the certificate makes the target degraded. */
    readonly certificate_days?: number | undefined;
  };
}

export type StatusRange = readonly [min: number, max: number];

export interface Expected {
  readonly name: string;
  readonly comparison: Comparison;
}
