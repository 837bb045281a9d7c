// timeout: 120 s
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErasureList, ErasureReceipt } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import type { Asked, ScriptedFault } from '../helpers/servers/stand-in.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

interface Context {
  folder: TemporaryFolder;
  daemon: TestDaemon;
  busy: AmplitudeServer;
  hanging: AmplitudeServer;
}

/** Invented, and nowhere else. */
const ada = { user_id: '57e1b2c3d4e5f60718293a4b', user_name: 'Ada Quillfeather' };
const deletions = '/api/2/deletions/users';

const test = suite<Context>('erasure beside destinations that are slow');

test.before(async context => {
  const [busy, hanging] = [new AmplitudeServer(), new AmplitudeServer()];
  await Promise.all([busy.start(), hanging.start()]);
  const folder = temporaryFolder();
  const file = join(folder.path, 'sinks.yaml');
  const named = { kind: 'amplitude', name: 'hanging', api_key: 'key-of-the-project', personal: 'full' };
  writeFileSync(
    file,
    JSON.stringify({ sinks: [{ ...named, server_url: hanging.url, secret_key: hanging.secretKey }] }),
  );
  const daemon = await new TestDaemon({
    env: {
      EVENT_SINK_CONFIG: file,
      ARCHIVE_URL: `file://${folder.path}/archive`,
      ARCHIVE_LINGER_MS: '100',
      AMPLITUDE_API_KEY: 'key-of-the-project',
      AMPLITUDE_SECRET_KEY: busy.secretKey,
      AMPLITUDE_SERVER_URL: busy.url,
      AMPLITUDE_PERSONAL: 'full',
    },
  }).start();
  Object.assign(context, { folder, daemon, busy, hanging });
});
test.after(async ({ folder, daemon, busy, hanging }) => {
  await daemon.remove();
  await Promise.all([busy.stop(), hanging.stop()]);
  folder.remove();
});

const ofDeletions =
  (fault: ScriptedFault) =>
  ({ url }: Asked): ScriptedFault | undefined =>
    url.pathname === deletions ? fault : undefined;

const ordersOf = (server: AmplitudeServer): number =>
  server.asked.filter(({ url }) => url.pathname === deletions).length;

async function receiptOf(daemon: TestDaemon, id: string): Promise<ErasureReceipt> {
  const response = await daemon.request('/v1/people/erasures');
  assert.is(response.status, 200);
  const { erasures } = (await response.json()) as ErasureList;
  return erasures.find(one => one.id === id)!;
}

const statesOf = ({ places }: ErasureReceipt): Record<string, string> =>
  Object.fromEntries(places.map(({ place, state }) => [place, state]));

test('one that answers 503 and one that does not answer stay pending, all others are done; and they follow', async ({
  daemon,
  busy,
  hanging,
}) => {
  const events = [1, 2, 3].map(size => ({
    category: 'download',
    type: 'file',
    resource_name: 'corn.csv',
    size,
    ...ada,
  }));
  assert.is((await daemon.post(events)).status, 202);
  await daemon.drained();
  assert.equal([busy.accepted.length, hanging.accepted.length], [3, 3]);
  busy.always = ofDeletions({ status: 503 });
  hanging.always = ofDeletions({ delayMs: 3_600_000 });

  const body = JSON.stringify({ ids: [ada.user_id] });
  const headers = { 'content-type': 'application/json' };
  const asked = await daemon.request('/v1/people/erase', { method: 'POST', headers, body });
  assert.is(asked.status, 202);
  const { id, state } = (await asked.json()) as ErasureReceipt;
  assert.is(state, 'pending');

  // Both were asked, and neither has done it.
  await until(() => ordersOf(busy) > 0 && ordersOf(hanging) > 0, 'orders at both');
  const others = async (): Promise<boolean> => {
    const { amplitude: _busy, 'amplitude.hanging': _hanging, ...rest } = statesOf(await receiptOf(daemon, id));
    return Object.values(rest).every(one => one !== 'pending');
  };
  await until(others, 'every other place');
  const receipt = await receiptOf(daemon, id);
  const states = statesOf(receipt);
  assert.is(receipt.state, 'pending');
  assert.is(receipt.finished, null);
  assert.equal([states.amplitude, states['amplitude.hanging']], ['pending', 'pending']);
  assert.equal([states['local store'], states.archive], ['done', 'done']);
  const place = (name: string) => receipt.places.find(one => one.place === name)!;
  assert.equal([place('local store').erased, place('archive').erased], [3, 3]);
  await until(
    async () => /503/.test((await receiptOf(daemon, id)).places.find(one => one.place === 'amplitude')?.reason ?? ''),
    'the reason why it is pending',
  );
  assert.equal([busy.accepted.length, hanging.accepted.length], [3, 3]);

  // Nothing of hers is let in meanwhile, and what others do goes on.
  const more = [
    { ...events[0]!, id: 'hers' },
    { category: 'download', type: 'file', id: 'of-another' },
  ];
  assert.is((await daemon.post(more)).status, 202);
  await until(() => busy.accepted.length === 4, 'the event of another');
  assert.equal(
    (await daemon.stored('download')).map(one => one.id),
    ['of-another'],
  );

  // The one that hung breaks off, as servers that hang do in the end.
  busy.always = undefined;
  await hanging.stop();
  hanging.always = undefined;
  await hanging.start();
  const done = await until(async () => {
    const found = await receiptOf(daemon, id);
    return found.state === 'done' ? found : undefined;
  }, 'an erasure that is done');
  // They have the order, which takes Amplitude days: that is a step, and says so.
  assert.equal([statesOf(done).amplitude, statesOf(done)['amplitude.hanging']], ['left', 'left']);
  assert.ok(done.finished !== null && done.finished >= done.asked);
  for (const server of [busy, hanging])
    assert.equal(
      server.accepted.filter(({ user_id }) => user_id === ada.user_id),
      [],
    );
  assert.not.match(JSON.stringify(done), /Quillfeather|57e1b2c3/);
  await daemon.drained();
  assert.is((await daemon.json('/v1/ledger')).balanced, true);
});

test.run();
