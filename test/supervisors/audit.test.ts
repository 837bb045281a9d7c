import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

test('who did what is in the log and in the sinks, but not in analytics', async () => {
  const [amplitude, folder] = [new AmplitudeServer(), temporaryFolder()];
  await amplitude.start();
  const daemon = new TestDaemon({
    env: { AMPLITUDE_API_KEY: 'key-of-the-project', AMPLITUDE_SERVER_URL: amplitude.url, AMPLITUDE_LINGER_MS: '0' },
  });
  try {
    await daemon.start();
    const json = { 'content-type': 'application/json' };
    const signedIn = await daemon.request('/v1/session', { method: 'POST' });
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
    const request = { method: 'POST', headers: json, body: '{"name":"portal","scopes":["publish"]}' };
    assert.is((await daemon.request('/v1/keys', request)).status, 201);
    assert.is((await daemon.request('/v1/keys/portal', { method: 'DELETE' })).status, 204);
    assert.is((await daemon.request('/v1/dead-letters?sink=local&all=true', { method: 'DELETE' })).status, 200);
    const ended = await fetch(`${daemon.url}/v1/session`, {
      method: 'DELETE',
      headers: { cookie, 'x-requested-with': 'test' },
    });
    assert.is(ended.status, 204);
    const backup = spawnSync(process.execPath, [program, 'backup', join(folder.path, 'x.backup')], {
      env: { PATH: process.env.PATH, DATA_DIR: daemon.dir },
      encoding: 'utf8',
    });
    assert.is(backup.status, 0, backup.stderr);
    await daemon.post({ category: 'upload', user_id: 'somebody' });

    const wanted = ['signed_in', 'key_made', 'key_revoked', 'dead_letters_removed', 'signed_out', 'backup_made'];
    const events = await until(async () => {
      const { events } = await daemon.json('/v1/events?category=audit&limit=100');
      return events.length >= wanted.length ? (events as StoredEvent[]) : undefined;
    }, 'the trail');
    assert.equal(events.map(({ type }) => type).sort(), [...wanted].sort());
    for (const { type, by, ip } of events) {
      if (type === 'backup_made') assert.match(String(by), /^command line \(/);
      else assert.equal([by, ip], ['test', '127.0.0.1'], type);
      await daemon.logged(`"msg":"audit.${type?.replaceAll('_', '-')}"`);
    }
    await daemon.drained();
    assert.equal(
      amplitude.accepted.map(({ event_type }) => event_type),
      ['Upload File'],
    );
    const row = (await daemon.json('/v1/ledger')).sinks.find(({ sink }) => sink === 'amplitude');
    // On a machine that is busy a problem may last for a minute: an event of the daemon's own.
    assert.is(row?.filtered, wanted.length + (await daemon.stored('problem')).length);
    assert.is(row?.difference, 0);
  } finally {
    await daemon.remove();
    await amplitude.stop();
    folder.remove();
  }
});

test.run();
