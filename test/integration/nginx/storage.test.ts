// timeout: 60 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const file = '5fad53bfe4b00dcab417b69c';
const dataset = '657e70e5b3f40c57e22b6b42';
const space = '65eb658be991a8732dfe1339';
const template =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $content_length';
const nginx = required(
  'nginx',
  await startNginx({
    http: `log_format stored '${template}';`,
    server: "location /api/files/refused { return 403; } location / { return 200 '{}'; }",
    format: 'stored',
  }),
);
const daemon = new TestDaemon({
  env: { NGINX_ACCESS_LOG: nginx.accessLog, NGINX_LOG_FORMAT: template, NGINX_TRAFFIC_EVENTS: 'api' },
});

const test = suite('what is uploaded and deleted, by the log of a real nginx');
test.after(async () => {
  await daemon.remove();
  await nginx.stop();
});

test('a file is uploaded into a dataset, and deleted again: events with ids, bytes and user, beside the calls', async () => {
  const authorization = `Basic ${Buffer.from('mira:x').toString('base64')}`;
  const ask = async (method: string, path: string, body?: FormData): Promise<void> => {
    const answer = await fetch(`${nginx.url}${path}`, { method, headers: { authorization }, ...(body && { body }) });
    await answer.text();
  };
  const form = new FormData();
  form.set('File', new Blob([Buffer.alloc(50_000, 1)]), 'soil.csv');
  await ask('POST', `/api/uploadToDataset/${dataset}?space=${space}&key=s3cret`, form);
  await ask('DELETE', `/api/files/${file}?dataset=${dataset}`);
  await ask('DELETE', `/api/files/refused/${file}`);
  await daemon.start();
  const [deleted, ...more] = await until(async () => {
    const found = await daemon.stored('delete');
    return found.length > 0 && found;
  }, 'the deletion');
  assert.equal(more, []);
  assert.equal(
    [deleted?.type, deleted?.resource_id, deleted?.dataset_id, deleted?.user_id, deleted?.method],
    ['file', file, dataset, 'mira', 'DELETE'],
  );
  const [uploaded] = await daemon.stored('upload');
  assert.equal(
    [uploaded?.type, uploaded?.dataset_id, uploaded?.space_id, uploaded?.user_id],
    ['file', dataset, space, 'mira'],
  );
  // The file, and what the form puts around it.
  const bytes = Number(uploaded?.bytes);
  assert.ok(bytes > 50_000 && bytes < 51_000, String(bytes));
  assert.is(uploaded?.size, bytes);
  assert.not.match(JSON.stringify(uploaded), 's3cret');
  const calls = await daemon.stored('api_call');
  assert.is(calls.length, 3);
  assert.is(new Set([...calls, deleted, uploaded].map(event => event?.id)).size, 5);
});

test.run();
