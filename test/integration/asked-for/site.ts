import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'amqplib';
import { TestDaemon } from '../../helpers/daemon.js';
import { startDestinations } from '../../helpers/destinations.js';
import { freePort } from '../../helpers/ports.js';
import { clowder1 } from '../../helpers/servers/clowder.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { agent, bytesOfFile, clientAddress, dataset, file, known, space } from './content.js';

const template =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $content_length "$extractor" "$http_accept_language"';
/** What a browser sends with each request. */
const fromHome = { 'user-agent': agent, 'accept-language': 'de-CH,de;q=0.9', 'x-forwarded-for': clientAddress };
const sdk = new URL(import.meta.resolve('@amplitude/analytics-browser/lib/scripts/amplitude-min.umd.js'));
const html = { 'content-type': 'text/html; charset=utf-8' };

/** Clowder's pages and files, a page with Amplitude's SDK, and what a deletion and a health check are answered. */
function pages(): StandIn {
  const script = readFileSync(sdk, 'utf8');
  return new StandIn(({ method, url: { pathname } }) => {
    if (/\/blob$|^\/api\/v2\/files\/\w+$/.test(pathname))
      return { status: 200, body: 'x'.repeat(bytesOfFile), headers: { 'content-length': String(bytesOfFile) } };
    if (method !== 'GET' || /^\/healthz$|^\/api\/v2\//.test(pathname)) return { status: 200, body: '{"status":"ok"}' };
    if (pathname === '/amplitude.js')
      return { status: 200, body: script, headers: { 'content-type': 'text/javascript' } };
    if (pathname === '/portal')
      return { status: 200, body: '<title>Portal</title><script src="/amplitude.js"></script>', headers: html };
    const link = `<a href="/files/${file}/blob" download>Download</a>`;
    return { status: 200, body: `<html><head><title>Clowder</title></head><body>${link}</body></html>`, headers: html };
  });
}

/** One installation with everything on: Clowder behind a real nginx, RabbitMQ, all destinations, and the daemon. */
export async function startSite() {
  const rabbitmq = required('rabbitmq', await startRabbitMQ());
  const destinations = await startDestinations();
  const clowder = clowder1({
    files: { [file]: { name: 'rain.csv', dataset } },
    datasets: { [dataset]: { name: 'Rain', spaces: [space] } },
    spaces: { [space]: 'Weather' },
    adminKey: 'admin',
  });
  const views = pages();
  await Promise.all([clowder.start(), views.start()]);
  const collectKey = `es_${randomBytes(16).toString('hex')}`;
  const daemon = new TestDaemon({ port: await freePort() });
  const nginx = required(
    'nginx',
    await startNginx({
      http: `set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
  log_format whole '${template}';
  map $arg_key $extractor { default ''; of-an-extractor ncsa.wordcount; }
  map "$request_method $uri" $clowder { default ${views.origin}; "~^GET /api/(?!.*/blob)" ${clowder.origin}; }`,
      // What Clowder 2 would be asked, in a log of its own.
      server: `location = /nginx-status { stub_status; access_log off; }
location /api/v2/ { access_log clowder-2.log whole; proxy_pass ${views.origin}; }
${readFileSync('deploy/nginx/browser.conf', 'utf8')
  .replaceAll('http://127.0.0.1:8080', daemon.url)
  .replaceAll('http://127.0.0.1:9000', '$clowder')
  .replaceAll('es_YOUR_COLLECT_KEY', collectKey)}`,
      format: 'whole',
    }),
  );
  const logOf = (name: string): string => join(dirname(nginx.accessLog), name);
  const earlierLog = logOf('earlier.log');
  writeFileSync(earlierLog, '');
  // By its name: addresses of machines are personal data.
  const url = `http://localhost:${nginx.port}`;
  const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
  Object.assign(daemon.env, destinations.env, {
    API_KEYS: `test:publish+read+admin:${hashOf(daemon.key)},pages:collect:${hashOf(collectKey)}:origin=${url}`,
    TRUST_PROXY: '127.0.0.1',
    RABBITMQ_URI: rabbitmq.uri,
    EXTRACTION_EVENTS: 'on',
    CLOWDER_URL: url,
    CLOWDER_API_KEY: 'admin',
    NGINX_ACCESS_LOG: [nginx.accessLog, logOf('clowder-2.log'), earlierLog].join(),
    NGINX_LOG_FORMAT: template,
    NGINX_TRAFFIC_EVENTS: 'views,downloads,api',
    NGINX_STATUS_URL: `${nginx.url}/nginx-status`,
    NGINX_PAGE_VIEWS: 'all',
    NGINX_EXTRACTOR: '$extractor',
    NGINX_WINDOW_SECONDS: '1',
    HEALTH_TARGETS: `clowder=${url}/healthz`,
    HEALTH_INTERVAL_SECONDS: '1',
    HEALTH_TIMEOUT_SECONDS: '1',
    ...Object.fromEntries(['INFLUXDB', 'AMPLITUDE', 'GOOGLE', 'LOCAL'].map(sink => [`${sink}_LINGER_MS`, '50'])),
  });
  await daemon.start();
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();

  const site = {
    daemon,
    destinations,
    url,
    earlierLog,
    rabbitmq,
    channel,
    collectKey,
    /** Asks Clowder through nginx; only what is named comes with the request. */
    async ask(path: string, headers: Readonly<Record<string, string>> = {}, init: RequestInit = {}): Promise<void> {
      const answer = await fetch(`${url}${path}`, { ...init, headers: { ...fromHome, ...headers } });
      await answer.arrayBuffer();
    },
    /** As Clowder publishes its events: transient, without properties. */
    async publish(event: object): Promise<void> {
      channel.publish('clowder.metrics', '', Buffer.from(JSON.stringify(event)), { persistent: false });
      await channel.waitForConfirms();
    },
    /** Over HTTP. @throws when it is not taken */
    async post(path: string, body: object, contentType = 'application/json'): Promise<void> {
      const headers = { 'content-type': contentType };
      const answer = await daemon.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
      if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    },
    async stop(): Promise<void> {
      await daemon.remove();
      await connection.close();
      await Promise.all([nginx.stop(), destinations.stop(), rabbitmq.stop(), clowder.stop(), views.stop()]);
    },
  };
  await acquaint(site);
  return site;
}

export type Site = Awaited<ReturnType<typeof startSite>>;

/** Until it is known where the file is: what comes first may go without. */
async function acquaint({ daemon, ask, rabbitmq }: Pick<Site, 'daemon' | 'ask' | 'rabbitmq'>): Promise<void> {
  await rabbitmq.ctl('trace_on', '-p', '/');
  await ask(`/files/${file}?first`);
  await ask(`/datasets/${dataset}?first`);
  await until(
    async () => {
      const views = await daemon.stored('page_view');
      return views.length === 2 && views.every(event => event.space_name === known.space_name);
    },
    'what Clowder says of the file and its dataset',
    60_000,
    100,
  );
  await until(
    async () => {
      const { actors } = await daemon.json('/v1/status');
      return actors.find(({ path }) => path === 'ingress/extractions')?.detail.tracing === 'on';
    },
    'the tracing of extractions',
    60_000,
    100,
  );
}
