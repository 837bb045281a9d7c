import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import { StandIn } from '../../helpers/servers/stand-in.js';

const sdk = fileURLToPath(import.meta.resolve('@amplitude/analytics-browser/lib/scripts/amplitude-min.umd.js'));

/** A site whose pages may use a collect key at a daemon, which delivers to the local store and to Amplitude. */
export interface Site {
  readonly daemon: TestDaemon;
  readonly amplitude: AmplitudeServer;
  /** Where its pages are. */
  readonly origin: string;
  /** Another site, with the same pages. */
  readonly elsewhere: string;
  readonly collectKey: string;
  /** Pages by path; all others are empty ones with this head. */
  readonly pages: Map<string, string>;
  remove(): Promise<void>;
}

/** @param env further settings of the daemon */
export async function startSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  const pages = new Map<string, string>();
  const script = readFileSync(sdk, 'utf8');
  const serve = (): StandIn =>
    new StandIn(({ url: { pathname } }) =>
      pathname === '/amplitude.js'
        ? { status: 200, body: script, headers: { 'content-type': 'text/javascript' } }
        : pathname === '/favicon.ico'
          ? { status: 204, body: '' }
          : {
              status: 200,
              body: pages.get(pathname) ?? pages.get('') ?? '',
              headers: { 'content-type': 'text/html; charset=utf-8' },
            },
    );
  const [site, other, amplitude] = [serve(), serve(), new AmplitudeServer()];
  await Promise.all([site.start(), other.start(), amplitude.start()]);
  const collectKey = `es_${randomBytes(16).toString('hex')}`;
  const daemon = new TestDaemon({ port: await freePort() });
  const entry = (name: string, scopes: string, key: string): string =>
    `${name}:${scopes}:${createHash('sha256').update(key).digest('hex')}`;
  Object.assign(daemon.env, {
    API_KEYS: [
      entry('test', 'publish+read+admin', daemon.key),
      `${entry('pages', 'collect', collectKey)}:origin=${site.origin}`,
    ].join(),
    AMPLITUDE_API_KEY: [...amplitude.apiKeys][0] ?? '',
    AMPLITUDE_SERVER_URL: amplitude.url,
    ...env,
  });
  await daemon.start();
  return {
    daemon,
    amplitude,
    origin: site.origin,
    elsewhere: other.origin,
    collectKey,
    pages,
    remove: async () => {
      await daemon.remove();
      await Promise.all([site.stop(), other.stop(), amplitude.stop()]);
    },
  };
}
