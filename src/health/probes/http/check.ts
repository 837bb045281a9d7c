/** What one target asks of a server. */
export interface HttpCheck {
  /** With its user and query: never shown. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A PEM file of certificates to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** Whether HTTPS_PROXY, HTTP_PROXY and NO_PROXY hold for it. */
  readonly proxy: boolean;
  readonly expect: {
    /** Ranges, both ends included. */
    readonly status: readonly StatusRange[];
    /** Text that the body contains. */
    readonly body?: string | undefined;
    /** Values by their dotted path in the JSON body. */
    readonly json: Readonly<Record<string, unknown>>;
  };
}

export type StatusRange = readonly [min: number, max: number];
