import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { nobody } from '../../helpers/running.js';
import { startInfluxDB } from '../../helpers/servers/influxdb.js';
import { type Nginx, startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';
import { type Asked, type Chain, filesEach, pageBytes, sizeOf, zipBytes } from './script.js';

const hourMs = 3_600_000;
/** Chains that go on side by side. */
const clients = 16;
/** The daemon looks every second at what is to be announced, not every few minutes. */
const hastyAnnouncements = `data:text/javascript,${encodeURIComponent(
  'const later = globalThis.setTimeout; globalThis.setTimeout = (work, ms, ...given) => later(work, ms === 300_000 || ms === 900_000 ? 1_000 : ms, ...given);',
)}`;

/** Clowder's pages and files behind a real nginx. */
export async function startPages(): Promise<{ readonly nginx: Nginx; stop(): Promise<void> }> {
  const folder = temporaryFolder(nobody);
  for (let digit = 0; digit < filesEach; digit += 1)
    writeFileSync(join(folder.path, `${digit}`), 'x'.repeat(sizeOf(digit)));
  const nginx = required(
    'nginx',
    await startNginx({
      http: 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; if_modified_since before; keepalive_requests 100000;',
      server: `location ~ ^/(?:api/)?files/f1[0-9]*([0-9])/blob$ { alias ${folder.path}/$1; }
location ~ ^/datasets/ { return 200 '${'p'.repeat(pageBytes)}'; }
location ~ ^/api/datasets/[0-9a-f]+/download$ { return 200 '${'z'.repeat(zipBytes)}'; }
location = /assets/clowder.css { return 200 'a'; }
location = /api/status { return 200 '{}'; }
location / { return 404; }`,
    }),
  );
  return {
    nginx,
    async stop(): Promise<void> {
      await nginx.stop();
      folder.remove();
    },
  };
}

/** A daemon reads its log; what it announces goes to an InfluxDB. */
export async function startSite() {
  const influxdb = required('influxdb', await startInfluxDB());
  const pages = await startPages();
  const { nginx } = pages;
  const origin = 'https://data.example.org';
  const collectKey = `es_${randomBytes(16).toString('hex')}`;
  const daemon = new TestDaemon({ port: await freePort(), node: [`--import=${hastyAnnouncements}`] });
  const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
  Object.assign(daemon.env, {
    API_KEYS: `test:publish+read+admin:${hashOf(daemon.key)},pages:collect:${hashOf(collectKey)}:origin=${origin}`,
    NGINX_ACCESS_LOG: nginx.accessLog,
    USAGE: 'on',
    USAGE_SOURCE: 'nginx',
    USAGE_PUBLIC: 'on',
    GEOIP_DATABASE: 'off',
    INFLUXDB_HOST: influxdb.url,
    INFLUXDB_CATEGORIES: 'usage',
  });
  await daemon.start();
  return {
    daemon,
    nginx,
    influxdb,
    /** Every event is taken. */
    async sendPages(events: readonly object[]): Promise<void> {
      for (let at = 0; at < events.length; at += 500) {
        const body = JSON.stringify({ api_key: collectKey, events: events.slice(at, at + 500) });
        const response = await fetch(`${daemon.url}/2/httpapi`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin, 'user-agent': 'Mozilla/5.0 Firefox/125.0' },
          body,
        });
        if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
      }
    },
    async publish(events: readonly object[]): Promise<void> {
      for (let at = 0; at < events.length; at += 500) {
        const response = await daemon.post(events.slice(at, at + 500));
        if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
      }
    },
    async stop(): Promise<void> {
      await daemon.remove();
      await Promise.all([pages.stop(), influxdb.stop()]);
    },
  };
}

/** Gives the statuses of the answers, with how many there were. */
export async function send(nginx: Nginx, chains: readonly Chain[]): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const waiting = [...chains];
  const client = async (): Promise<void> => {
    for (let chain = waiting.shift(); chain !== undefined; chain = waiting.shift()) {
      for (const asked of chain.requests) {
        const status = await ask(nginx, agent, chain, asked);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return statuses;
}

function ask(nginx: Nginx, agent: Agent, { address, login, ...chain }: Chain, asked: Asked): Promise<number> {
  const { path, method = 'GET', range, cached } = asked;
  const headers = {
    'user-agent': chain.agent,
    'x-forwarded-for': address,
    ...(login === undefined ? {} : { authorization: `Basic ${Buffer.from(`${login}:any`).toString('base64')}` }),
    ...(range === undefined ? {} : { range: `bytes=${range.join('-')}` }),
    ...(cached === undefined ? {} : { 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() }),
  };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: nginx.port, path, method, headers, agent }, answer =>
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0)),
    )
      .once('error', reject)
      .end();
  });
}

/**
 * The parts of a file are one download, which ends with its hour of the log's time. So a line of the next hour is
 * written into the log: of an asset, which nobody counts.
 * @param last time of the last line, epoch ms
 */
export async function endTheHour(nginx: Nginx, last: number): Promise<void> {
  const next = (Math.floor(last / hourMs) + 1) * hourMs + 6_000;
  // What is more than an hour ahead does not move the log's time.
  await until(() => next <= Date.now() + hourMs, 'the first seconds of an hour to be over', 60_000, 100);
  const time = new Date(next).toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000');
  appendFileSync(nginx.accessLog, `127.0.0.1 - - [${time}] "GET /assets/clowder.css HTTP/1.1" 200 1 "-" "-"\n`);
}
