import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EmbeddedBroker } from '../../src/broker/embedded/broker.js';
import { commands } from '../../src/cli/commands.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { Storage } from '../../src/storage/storage.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { archiveLines } from '../sinks/archive/archived.js';
import { type FakeDaemon, fakeDaemon, invoke } from './invoke.js';

const test = suite<{ folder: TemporaryFolder; daemon: FakeDaemon; chat: StandIn }>('--json');
test.before(async context => {
  context.folder = temporaryFolder();
  const archived = '{"id":"a","category":"x","created":1,"_source":"http","_received":1}';
  await archiveLines(join(context.folder.path, 'archive'), '1970-01-01', [archived]);
  context.daemon = await fakeDaemon(({ method, path }) => answers[`${method} ${path.split('?')[0]}`]);
  context.chat = new StandIn(() => ({ status: 200, body: 'ok' }));
  await context.chat.start();
  const storage = await Storage.open({
    dir: context.folder.path,
    clock: systemClock,
    log: silentLog,
    onFatal: () => {},
  });
  const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
  await broker.open(['local', 'mongodb'].map(sink => ({ sink, name: `event-sink.${sink}`, adopted: false })));
  await broker.close();
  await storage.close();
});
test.after(async ({ folder, daemon, chat }) => {
  await Promise.all([daemon.close(), chat.stop()]);
  folder.remove();
});

const sums = { total_dataset_investigations: 7, total_dataset_requests: 3, request_bytes: 300 };
const both = { regular: sums, machine: sums };
const complete = { complete: true, missing_hours: 0, waiting: 0, dead: 0, late: 0, gaps: [] };
const deadLetter = { key: 'a', sink: 'mongodb', dead_at: 1, fault: 'poison', reason: 'r' };
const explanation = { event: null, refused: [{ field: '', message: 'm' }], sinks: {} };
const receipt = {
  ...{ accepted: 1, already_there: null, sinks: ['local'], refused: [], too_old: {}, closed: {}, reopened: [] },
  durability: 'embedded',
};
const erasure = { id: 'a', asked: 1, state: 'done', places: [{ place: 'local', state: 'done', steps: [] }] };
const answers: Readonly<Record<string, { readonly status: number; readonly body?: unknown }>> = {
  'GET /v1/keys': {
    status: 200,
    body: { keys: [{ name: 'a', scopes: ['read'], source: 'api', expires: null, requests: 0, last_used: null }] },
  },
  'DELETE /v1/keys/a': { status: 204 },
  'GET /v1/dead-letters': { status: 200, body: { dead_letters: [deadLetter, deadLetter], next_cursor: null } },
  'POST /v1/dead-letters/redrive': { status: 200, body: { redriven: 1, refused_count: 0, refused: [] } },
  'DELETE /v1/dead-letters': { status: 200, body: { removed: 1 } },
  'GET /v1/ledger': { status: 200, body: { sinks: [{ sink: 'a' }, { sink: 'b' }] } },
  'POST /v1/ledger/acknowledge': { status: 200, body: { acknowledged: 1, missing: 1 } },
  'GET /counter/reports/dsr': { status: 200, body: { report_header: {} } },
  'GET /v1/usage/audit': { status: 200, body: { source: 'nginx', controls: [], days: [] } },
  'GET /v1/usage': { status: 200, body: { source: 'nginx', months: [{ month: '2026-03', completeness: complete }] } },
  'POST /v1/usage/months/2026-03/recompute': { status: 200, body: { month: '2026-03', before: both, after: both } },
  'POST /v1/usage/months/2026-03/submit': { status: 202, body: { month: '2026-03' } },
  'POST /v1/explain': { status: 200, body: explanation },
  'POST /v1/reload': { status: 200, body: { changed: [], restarted: [], needs_restart: [] } },
  'GET /v1/people/erasures': { status: 200, body: { erasures: [erasure, erasure] } },
  'POST /v1/people/erase': { status: 202, body: erasure },
  'POST /v1/people/export': { status: 200, body: { place: 'local' } },
  'POST /v1/import': { status: 202, body: receipt },
};

/** The ways in which each command prints results. `FILE` is a file with an event, `DIR` a folder. */
const prints: Readonly<Record<string, readonly string[]>> = {
  check: ['check'],
  reload: ['reload'],
  keygen: ['keygen a'],
  keys: ['keys list', 'keys revoke a'],
  explain: ['explain FILE', 'explain FILE --url'],
  test: ['test deploy/explain/event-sink.test.yaml'],
  send: ['send FILE'],
  replay: ['replay --now FILE'],
  import: ['import ndjson FILE'],
  'dead-letters': ['dead-letters list', 'dead-letters redrive --sink a --all', 'dead-letters delete --sink a --all'],
  archive: ['archive verify', 'archive replay --to local'],
  ledger: ['ledger list', 'ledger acknowledge a'],
  usage: [
    ...['usage report', 'usage audit', 'usage completeness', 'usage submit --month 2026-03'],
    'usage recompute 2026-03',
  ],
  people: ['people export a', 'people erase a', 'people list'],
  queues: ['queues list', 'queues remove event-sink.mongodb'],
  notify: ['notify test'],
  doctor: ['doctor'],
  backup: ['backup DIR/made.backup'],
  restore: ['restore DIR/made.backup'],
};

/** Those that print no results: the log of the daemon, an exit code, and a document that is JSON as it is. */
const without = ['start', 'healthcheck', 'openapi'];

test('no command is left out below', () => {
  assert.equal([...Object.keys(prints), ...without].sort(), commands.map(({ name }) => name).sort());
});

test('every command has it', async () => {
  for (const { name } of commands) {
    const { code, out } = await invoke([name, '--json', '--help']);
    assert.is(code, 0);
    assert.match(out, /^ {2}--json /m);
  }
});

for (const words of Object.values(prints).flat()) {
  test(`${words}: every line is JSON on a terminal, too`, async ({ folder, daemon, chat }) => {
    const file = join(folder.path, 'event.ndjson');
    writeFileSync(file, '{"category":"upload","created":1}\n');
    const env = {
      ...{ DATA_DIR: folder.path, PORT: '0', EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' },
      ARCHIVE_URL: `file:${folder.path}/archive`,
      NOTIFY_SLACK_URL: `${chat.origin}/room`,
    };
    const line = words.replace('FILE', file).replace('DIR', folder.path).replace('--url', `--url ${daemon.url}`);
    const outcome = await invoke([...line.split(' '), '--json'], { env, onTerminal: true, clock: systemClock });
    const lines = outcome.out.split('\n');
    assert.ok(lines.length > 0 && outcome.out !== '', outcome.err);
    for (const one of lines) assert.not.throws(() => JSON.parse(one), `${one}\n${outcome.err}`);
  });
}

test.run();
