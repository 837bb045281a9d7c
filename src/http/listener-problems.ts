import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { isLoopback } from '../loopback.js';
import type { FoundProblem } from '../status/found-problem.js';
import type { Cut } from './connections.js';
import type { HttpSettings } from './settings.js';
import type { TlsFiles } from './tls-files.js';

/** A problem with connections is shown this long after it was last seen. */
const shownMs = 5 * 60_000;
/** Connections are cut one by one; the log says so once in this time. */
const loggedMs = 60_000;

export interface ListenerProblemsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Pick<HttpSettings, 'host' | 'maxConnections' | 'stalledMs' | 'plainHttp' | 'trustProxy'>;
  readonly tls: TlsFiles | undefined;
}

/**
 * What is wrong with the listener, for `/v1/status`: no room for connections, a certificate, keys
 * that cross the network in the clear.
 */
export class ListenerProblems {
  readonly #options: ListenerProblemsOptions;
  #fullSince: number | undefined;
  #fullAt = Number.NEGATIVE_INFINITY;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ListenerProblemsOptions) {
    this.#options = options;
  }

  cut(cut: Cut): void {
    const { clock, log, settings } = this.#options;
    const now = clock.monotonic();
    if (cut === 'idle' || cut === 'refused') {
      if (now - this.#fullAt > shownMs) this.#fullSince = clock.now();
      this.#fullAt = now;
    }
    if (now - this.#loggedAt < loggedMs) return;
    this.#loggedAt = now;
    log.warn({ reason: cut, limit: settings.maxConnections }, 'connection.cut');
  }

  all(): FoundProblem[] {
    const { clock, settings, tls } = this.#options;
    const problems = tls?.problems(clock.now()) ?? [];
    if (clock.monotonic() - this.#fullAt <= shownMs) {
      problems.push({
        key: 'connections',
        what: `As many connections are open as there may be: ${settings.maxConnections}. Idle ones are closed for new ones, and where none is idle, new ones are refused.`,
        since: this.#fullSince,
        fix: 'Find out who opens them (ss -tn). If they are all needed, raise MAX_CONNECTIONS, and the limit of open files (LimitNOFILE, ulimit -n): a quarter of it is kept for everything else.',
      });
    }
    const open = !isLoopback(settings.host) && !settings.plainHttp && settings.trustProxy === 'none';
    if (tls === undefined && open) {
      problems.push({
        key: 'plain http',
        what: `The listener on ${settings.host} speaks plain HTTP: keys and events cross the network in the clear.`,
        since: undefined,
        fix: 'Set TLS_CERT_FILE and TLS_KEY_FILE; or listen on HOST=127.0.0.1 behind a proxy that speaks TLS, with TRUST_PROXY. Where the network itself is trusted, say so with HTTP_WITHOUT_TLS=on.',
      });
    }
    return problems;
  }
}
