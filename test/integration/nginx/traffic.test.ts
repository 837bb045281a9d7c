// timeout: 60 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const id = '5fad53bfe4b00dcab417b69c';
const nginx = required('nginx', await startNginx());
const daemon = new TestDaemon({
  env: {
    NGINX_ACCESS_LOG: nginx.accessLog,
    NGINX_WINDOW_SECONDS: '1',
    NGINX_TRAFFIC_EVENTS: 'views,downloads',
    CLOWDER_PATH_PREFIX: '/clowder',
  },
});

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';
const ask = (path: string): Promise<unknown> =>
  fetch(`${nginx.url}${path}`, { headers: { 'user-agent': agent, referer: 'https://h.example/' } }).then(answer =>
    answer.text(),
  );

test('a page is asked for, a file is fetched: events of it are in the store, and the window that counts them', async () => {
  await daemon.start();
  await ask(`/clowder/datasets/${id}?key=s3cret`);
  await ask(`/clowder/files/${id}/blob`);
  await ask(`/clowder/files/${id}/blob?tracking=false`);
  await ask('/clowder/api/status');
  await ask('/clowder/healthz');
  const [view] = await until(async () => {
    const found = await daemon.stored('page_view');
    return found.length > 0 && found;
  }, 'the page view');
  assert.is(view?.type, 'dataset');
  assert.is(view?.resource_id, id);
  assert.is(view?.url, `/clowder/datasets/${id}`);
  assert.is(view?.referrer, 'https://h.example/');
  assert.is(view?._source, 'nginx');
  assert.is(view?.ip, undefined);
  assert.ok(Math.abs(Number(view?.created) - Date.now()) < 120_000);

  // The windows are of one second each: the five requests may be in two of them, or more.
  const windows = await until(async () => {
    const found = await daemon.stored('connections');
    return found.reduce((sum, { requests }) => sum + Number(requests), 0) === 5 && found;
  }, 'the windows');
  const sum = (name: string): number => windows.reduce((total, window) => total + Number(window[name]), 0);
  assert.equal(['page_views', 'downloads', 'api_calls', 'assets', 'other_requests'].map(sum), [1, 1, 1, 1, 1]);
  assert.is((await daemon.stored('resource_download')).length, 1);
  assert.is((await daemon.stored('api_call')).length, 0);
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test.after(async () => {
  await daemon.remove();
  await nginx.stop();
});

test.run();
