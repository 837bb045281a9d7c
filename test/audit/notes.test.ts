import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leaveNote, takeNotes } from '../../src/audit/notes.js';
import { AuditTrail } from '../../src/audit/trail.js';
import type { Message } from '../../src/events/message.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

const test = suite<{ dir: string }>('notes for the audit trail');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-notes-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const clock = hastyClock(100);
const at = 1_700_000_000_000;

const refusedIn = (dir: string): string[] => readdirSync(dir).filter(name => name.startsWith('audit-notes.refused-'));

/** As a daemon does, until `enough`. */
async function take(dir: string, enough: (published: readonly Message[]) => boolean) {
  const { log, lines } = recordingLog();
  const trail = new AuditTrail(log, clock);
  const published: Message[] = [];
  const publish = async (messages: readonly Message[]): Promise<void> => void published.push(...messages);
  const outlet = trail.open({ publish, idSecret: 'a secret of the test' });
  const stopping = new AbortController();
  const taken = takeNotes(dir, { trail, clock, log, signal: stopping.signal });
  await until(() => enough(published), 'the notes');
  stopping.abort();
  await taken;
  await outlet.close(1000);
  return { published, lines };
}

test('what the command line did is written down by the daemon, once, with the user of the system', async ({ dir }) => {
  leaveNote(dir, { type: 'queue_removed', subject: 'event-sink.ga4', count: 3 }, at);
  leaveNote(dir, { type: 'backup_made', subject: '/tmp/x.backup' }, at + 1);
  assert.is(statSync(join(dir, 'audit-notes')).mode & 0o777, 0o600);
  const { published, lines } = await take(
    dir,
    () => !existsSync(join(dir, 'audit-notes.taken')) && !existsSync(join(dir, 'audit-notes')),
  );
  const events = published.map(({ body }) => JSON.parse(body));
  assert.equal(
    events.map(({ type, subject, created }) => [type, subject, created]),
    [
      ['queue_removed', 'event-sink.ga4', at],
      ['backup_made', '/tmp/x.backup', at + 1],
    ],
  );
  assert.match(events[0].by, /^command line \(.+\)$/);
  assert.not('note' in events[0]);
  assert.equal(
    lines.map(({ line }) => line),
    ['audit.queue-removed', 'audit.backup-made'],
  );
});

test('notes that a crash left half done are taken again, as the same events', async ({ dir }) => {
  leaveNote(dir, { type: 'backup_made', subject: 'x' }, at);
  const text = readFileSync(join(dir, 'audit-notes'), 'utf8');
  const first = await take(dir, published => published.length === 1);
  writeFileSync(join(dir, 'audit-notes.taken'), text);
  const second = await take(dir, published => published.length === 1);
  assert.is(second.published[0]!.id, first.published[0]!.id);
});

test('a line that is not a note is passed over, and said', async ({ dir }) => {
  writeFileSync(join(dir, 'audit-notes'), 'nonsense\n{"type":"key_made"}\n{"type":"__proto__","by":"x","at":1}\n');
  leaveNote(dir, { type: 'backup_made', subject: 'x' }, at);
  const { published, lines } = await take(dir, found => found.length === 1);
  assert.is(published.length, 1);
  assert.is(lines.filter(({ line }) => line === 'audit.unreadable').length, 3);
});

test('a pipe, a folder or a link in the place of the file stops nobody: it is set aside, and said', async ({ dir }) => {
  const path = join(dir, 'audit-notes');
  const plant = [
    () => void execFileSync('mkfifo', [path]),
    () => mkdirSync(path),
    () => symlinkSync(join(dir, 'nowhere'), path),
    () => writeFileSync(path, '', { mode: 0o600 }),
  ];
  for (const [index, put] of plant.entries()) {
    put();
    if (index === 3) chmodSync(path, 0o666);
    assert.throws(() => leaveNote(dir, { type: 'backup_made', subject: 'x' }, at));
    const { lines } = await take(dir, () => !existsSync(`${path}.taken`) && refusedIn(dir).length === index + 1);
    assert.equal(
      lines.map(({ line }) => line),
      ['audit.unreadable'],
    );
    leaveNote(dir, { type: 'backup_made', subject: `${index}` }, at + index);
    const { published } = await take(dir, found => found.length === 1);
    assert.match(published[0]?.body ?? '', `"subject":"${index}"`);
  }
});

test('a file that has another name is not written to: it may be one of the system', ({ dir }) => {
  writeFileSync(join(dir, 'elsewhere'), 'x', { mode: 0o600 });
  linkSync(join(dir, 'elsewhere'), join(dir, 'audit-notes'));
  assert.throws(() => leaveNote(dir, { type: 'backup_made', subject: 'x' }, at), /another name/);
  assert.is(readFileSync(join(dir, 'elsewhere'), 'utf8'), 'x');
});

test('a note speaks for the command line alone', async ({ dir }) => {
  const note = { type: 'key_revoked', at, subject: 'x', by: 'daemon' };
  writeFileSync(join(dir, 'audit-notes'), `${JSON.stringify(note)}\n`, { mode: 0o600 });
  leaveNote(dir, { type: 'backup_made', subject: 'x' }, at);
  const { published } = await take(dir, found => found.length === 1);
  assert.match(published[0]?.body ?? '', '"type":"backup_made"');
});

test('a link in the place of the file is not written through', ({ dir }) => {
  const target = join(dir, 'elsewhere');
  writeFileSync(target, '');
  symlinkSync(target, join(dir, 'audit-notes'));
  assert.throws(() => leaveNote(dir, { type: 'backup_made', subject: 'x' }, at), /ELOOP/);
  assert.is(readFileSync(target, 'utf8'), '');
});

test.run();
