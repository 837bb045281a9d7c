// timeout: 60 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const id = '5fad53bfe4b00dcab417b69c';
const template =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$cookie_portal"';
const nginx = required('nginx', await startNginx({ http: `log_format portal '${template}';`, format: 'portal' }));
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';

const test = suite('who is signed in, by the log of a real nginx');
test.after(() => nginx.stop());

const ask = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> => {
  await (await fetch(`${nginx.url}${path}`, { headers: { 'user-agent': agent, ...headers } })).text();
};

/** What a daemon with this setting makes of all that nginx has logged. */
async function viewsWith(env: Readonly<Record<string, string>>, expected: number) {
  const daemon = new TestDaemon({
    env: {
      ...{ NGINX_ACCESS_LOG: nginx.accessLog, NGINX_LOG_FORMAT: template, NGINX_TRAFFIC_EVENTS: 'views' },
      ...{ CLOWDER_URL: 'https://clowder.example.org', ...env },
    },
  });
  try {
    await daemon.start();
    return await until(async () => {
      const found = await daemon.stored('page_view');
      return found.length >= expected && found.sort((a, b) => String(a.url).localeCompare(String(b.url)));
    }, 'the views');
  } finally {
    await daemon.remove();
  }
}

test('$remote_user, or the cookie that NGINX_USER names; a whole address', async () => {
  const basic = `Basic ${Buffer.from('mira:secret-word').toString('base64')}`;
  await ask(`/datasets/${id}?n=1&key=s3cret`, { authorization: basic, cookie: 'portal=mira%40lab; other=x' });
  await ask(`/datasets/${id}?n=2`);
  const base = `https://clowder.example.org/datasets/${id}`;
  const byName = await viewsWith({}, 2);
  assert.equal(
    byName.map(({ url, user_id }) => [url, user_id]),
    [
      [`${base}?n=1`, 'mira'],
      [`${base}?n=2`, undefined],
    ],
  );
  const byCookie = await viewsWith({ NGINX_USER: '$cookie_portal' }, 2);
  assert.equal(
    byCookie.map(({ user_id }) => user_id),
    ['mira%40lab', undefined],
  );
  assert.not.match(JSON.stringify([byName, byCookie]), /s3cret|secret-word/);
});

test.run();
