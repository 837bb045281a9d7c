/** How TLS is asked for on a connection that begins without it. */
export interface StartTls {
  /** For messages: `SMTP`. */
  readonly name: string;
  readonly steps: readonly Step[];
}

/** What is sent, and the answer to it. */
interface Step {
  /** Undefined: the server speaks first. */
  readonly sends?: string;
  /** The last line of an answer, good or bad. */
  readonly last: RegExp;
  /** The last line of a good one. */
  readonly good: RegExp;
  /** Some line of a good answer. */
  readonly offers?: RegExp;
}

const reply = /^\d{3}(?: |$)/;

/** RFC 3207, 3501, 2595 and 4217. */
export const protocols: Readonly<Record<string, StartTls>> = {
  smtp: {
    name: 'SMTP',
    steps: [
      { last: reply, good: /^220/ },
      { sends: 'EHLO event-sink.invalid', last: reply, good: /^250/, offers: /^250[ -]STARTTLS\b/i },
      { sends: 'STARTTLS', last: reply, good: /^220/ },
    ],
  },
  imap: {
    name: 'IMAP',
    steps: [
      { last: /^\* /, good: /^\* OK/i },
      { sends: 'a1 STARTTLS', last: /^a1 /i, good: /^a1 OK/i },
    ],
  },
  pop3: {
    name: 'POP3',
    steps: [
      { last: /^[+-]/, good: /^\+OK/i },
      { sends: 'STLS', last: /^[+-]/, good: /^\+OK/i },
    ],
  },
  ftp: {
    name: 'FTP',
    steps: [
      { last: reply, good: /^220/ },
      { sends: 'AUTH TLS', last: reply, good: /^234/ },
    ],
  },
};

const ports: Readonly<Record<number, string>> = { 21: 'ftp', 25: 'smtp', 110: 'pop3', 143: 'imap', 587: 'smtp' };

export function protocolForPort(port: number): string | undefined {
  return ports[port];
}
