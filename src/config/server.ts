import type { TrustedProxies } from '../ip-address.js';
import { minSecretLength } from '../keys/id-secret.js';
import { isLoopback } from '../loopback.js';
import { host } from '../settings/addresses.js';
import { seconds } from '../settings/durations.js';
import { list } from '../settings/lists.js';
import { integer, mebibytes } from '../settings/numbers.js';
import { trustedProxies } from '../settings/proxies.js';
import type { Problems, Values } from '../settings/setting.js';
import { atStart, setting } from '../settings/setting.js';
import { boolean, text } from '../settings/words.js';

export const serverSettings = atStart(
  {
    port: setting('PORT', integer(0, 65535).default('8080'), 'Port of the HTTP listener; 0 takes a free one.'),
    host: setting(
      'HOST',
      host().optional(),
      'Address of the HTTP listener. Default: 127.0.0.1, and 0.0.0.0 when API keys are configured. Without configured keys it must stay a loopback address.',
      { example: '0.0.0.0' },
    ),
    dataDir: setting(
      'DATA_DIR',
      text().default('./data'),
      'Folder of the embedded broker, the outbox, the checkpoints and the local store. One daemon at a time.',
    ),
    keys: setting(
      'API_KEYS',
      text().optional(),
      'API keys as `name:scope+scope:sha256-hex`, separated by commas or lines; scopes are `publish`, `read` and `admin`, or `collect` alone. Behind another colon, options separated by semicolons: `expires=2026-12-31` (or a time), `origin=https://…` (may be repeated), `quota=60` (requests a minute), `concurrency=4` (requests at once). `event-sink keygen NAME` makes one. None: a key with all scopes is made at the first start, kept in DATA_DIR/api-key, and the daemon listens on the loopback only.',
      { example: 'clowder:publish:<64 hex digits>' },
    ),
    keysFile: setting(
      'API_KEYS_FILE',
      text().optional(),
      'A file with such entries, one a line, instead of API_KEYS; `#` begins a comment. Read again on SIGHUP and when it changes: a key that it no longer names is out within two seconds, also when the file is broken, empty or gone.',
      { example: '/etc/event-sink/keys' },
    ),
    idSecret: setting(
      'ID_SECRET',
      text().optional(),
      'The secret under which the ids of log lines and health checks are made, at least 16 characters. With it they stay the same when DATA_DIR is lost, and two daemons that read the same log count each line once. Default: one is made at the first start and kept in DATA_DIR/id-secret.',
      { secret: true },
    ),
    trustProxy: setting(
      'TRUST_PROXY',
      trustedProxies().default('off'),
      'The proxies in front, as a comma-separated list of addresses and networks: X-Forwarded-For and X-Forwarded-Proto are believed as far as the chain consists of them. `on` believes whoever connects, one hop: only where nobody but the proxy can.',
      { example: '127.0.0.1,10.0.0.0/8' },
    ),
    tlsCert: setting(
      'TLS_CERT_FILE',
      text().optional(),
      'A PEM file with the certificate of the listener and its chain: with TLS_KEY_FILE, the listener speaks HTTPS, and nothing else. Read again on SIGHUP and when it changes.',
      { example: '/etc/event-sink/tls/fullchain.pem' },
    ),
    tlsKey: setting('TLS_KEY_FILE', text().optional(), 'A PEM file with the key of that certificate.', {
      example: '/etc/event-sink/tls/privkey.pem',
    }),
    plainHttp: setting(
      'HTTP_WITHOUT_TLS',
      boolean().default('off'),
      'On: that the listener speaks plain HTTP beyond the loopback is meant, because a proxy in front speaks TLS or the network is trusted. Otherwise it is shown as a problem.',
    ),
    maxConnections: setting(
      'MAX_CONNECTIONS',
      integer(16, 1_000_000).default('10000'),
      'Connections open at once; never more than three quarters of the files that the process may open. Beyond it, the one that has been idle for longest makes room.',
    ),
    corsOrigins: setting(
      'CORS_ORIGINS',
      list().default(''),
      'Origins whose pages may call the API, comma-separated, or `*`. Default: none.',
      { example: 'https://portal.example.org' },
    ),
    maxInFlightBytes: setting(
      'MAX_IN_FLIGHT_MB',
      mebibytes(2, 4096).default('64'),
      'Bytes of requests accepted at once, MiB; more is answered 503 with Retry-After. What arrives before its key is known, such as the events of pages, has a quarter of it for itself.',
    ),
    keepAliveMs: setting(
      'KEEP_ALIVE_SECONDS',
      seconds(1, 3600).default('75'),
      'How long a connection may be idle, before its first request as well as between two. Should be longer than a proxy in front keeps its connections, so that it is never this side that closes one about to be used.',
    ),
    rateLimit: setting(
      'RATE_LIMIT',
      integer(1, 10_000_000).optional(),
      'Requests a minute for each key; more is answered 429. Default: no limit.',
      { example: '6000' },
    ),
  },
  'keys',
  'keysFile',
);

export interface Server {
  /** 0 = any free one. */
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** Undefined = the one that is kept in DATA_DIR. */
  readonly idSecret: string | undefined;
  readonly trustProxy: TrustedProxies;
  /** Undefined = plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly plainHttp: boolean;
  readonly maxConnections: number;
  /** Empty = CORS off; `*` = any. */
  readonly corsOrigins: readonly string[];
  readonly maxInFlightBytes: number;
  readonly keepAliveMs: number;
  /** Requests a minute for each key; undefined = no limit. */
  readonly rateLimit: number | undefined;
}

export function server(values: Values<typeof serverSettings>, problems: Problems): Server {
  const configured = values.keys !== undefined || values.keysFile !== undefined;
  const host = values.host ?? (configured ? '0.0.0.0' : '127.0.0.1');
  if (!configured && !isLoopback(host)) {
    problems.add(
      'HOST',
      `is ${host}, but no API keys are configured, so only the loopback may be listened on. Set API_KEYS (event-sink keygen NAME makes one), or leave HOST out`,
    );
  }
  if (values.idSecret !== undefined && values.idSecret.length < minSecretLength) {
    problems.add(
      'ID_SECRET',
      `must have at least ${minSecretLength} characters, for example from openssl rand -hex 32`,
    );
  }
  for (const origin of values.corsOrigins) {
    if (origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin)) {
      problems.add(
        'CORS_ORIGINS',
        `"${origin}" is not an origin. Write scheme and host only, such as https://portal.example.org`,
      );
    }
  }
  return {
    port: values.port,
    host,
    dataDir: values.dataDir,
    idSecret: values.idSecret,
    trustProxy: values.trustProxy,
    tls: tlsFiles(values, problems),
    plainHttp: values.plainHttp,
    maxConnections: values.maxConnections,
    corsOrigins: values.corsOrigins,
    maxInFlightBytes: values.maxInFlightBytes,
    keepAliveMs: values.keepAliveMs,
    rateLimit: values.rateLimit,
  };
}

function tlsFiles({ tlsCert: cert, tlsKey: key }: Values<typeof serverSettings>, problems: Problems): Server['tls'] {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert !== undefined) problems.add('TLS_KEY_FILE', 'is missing beside TLS_CERT_FILE. Set both, or neither');
  if (key !== undefined) problems.add('TLS_CERT_FILE', 'is missing beside TLS_KEY_FILE. Set both, or neither');
  return undefined;
}
