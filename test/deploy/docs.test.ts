import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { commonOptions } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands.js';
import { Database } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { fixtureLines } from '../events/fixtures.js';
import { TestDaemon } from '../helpers/daemon.js';
import { importsOf } from '../helpers/import-line.js';
import { findProgram } from '../helpers/running.js';
import { skipped } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { sources } from '../rules/repository.js';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(page, 'utf8');
const runbook = textOf('docs/runbook.md');

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

test('every link leads somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(file), `${page}: ${target}`);
      if (heading === undefined) continue;
      const anchors = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => anchor(text));
      assert.ok(anchors.includes(heading), `${page}: ${target}`);
    }
  }
});

test('every file and folder that is named is there, but for what the reader or the set-up makes', () => {
  let named = 0;
  for (const page of pages.filter(page => page !== 'CHANGELOG.md')) {
    for (const [, path = ''] of textOf(page).matchAll(
      /`((?:src|actors|supervisors|test|scripts|bench|deploy|docs|fixtures|openapi|\.ci)\/[\w./-]+)`/g,
    )) {
      assert.ok(existsSync(path) || path === 'deploy/.env' || /NAME|KIND/.test(path), `${page}: ${path}`);
      named += 1;
    }
  }
  assert.ok(named > 30);
});

/** The numbered list under a heading: what stands in its first backticks. */
function listed(page: string, heading: string): string[] {
  const [, section = ''] = textOf(page).split(`${heading}\n`);
  const [list = ''] = section.split(/\n#+ |\n<!-- /);
  return [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, name = '']) => name);
}

/** What a file uses of others; of those that it imports as types alone it knows no more than their shape. */
function usedBy(path: string): string[] {
  return sources(path).flatMap(({ text }) => importsOf({ path, text: text.replaceAll(/\bimport type [^;]+;/g, '') }));
}

for (const walk of [
  '### An HTTP event, with the embedded broker, into the local store and InfluxDB',
  '### An AMQP message, from Clowder into MongoDB',
  '### A log line, into a window and a page view',
]) {
  test(`the walk can be followed: ${walk.slice(4)}`, () => {
    const wiring = [...sources('supervisors'), ...sources('src/main.ts', 'src/cli/start.ts', 'src/sinks/registry.ts')];
    const known = new Set(wiring.flatMap(importsOf));
    const walked = listed('docs/architecture.md', walk);
    assert.ok(walked.length > 10, walk);
    for (const [index, path] of walked.entries()) {
      assert.ok(known.has(path), `${path} is imported by no file before it`);
      const earlier = usedBy(path).filter(used => walked.indexOf(used) >= 0 && walked.indexOf(used) < index);
      assert.equal(earlier, [], `${path} comes after what it uses`);
      for (const next of sources(path).flatMap(importsOf)) known.add(next);
    }
  });
}

test('the table of folders has every folder of src', () => {
  const [, table = ''] = textOf('docs/architecture.md').split('## The folders\n');
  const [rows = ''] = table.split('\n## ');
  const named = [...rows.matchAll(/`src\/([\w-]+)\/`/g)].map(([, name]) => name);
  const there = readdirSync('src', { withFileTypes: true }).filter(entry => entry.isDirectory());
  assert.equal(named.sort(), there.map(({ name }) => name).sort());
});

/**
 * The steps that starting the tree adds to the shutdown, in the order in which its functions call each other and add
 * them.
 */
function shutdownSteps(text: string, name: string): string[] {
  const body = new RegExp(`^(?:export )?(?:async )?function ${name}\\([\\s\\S]*?^}$`, 'm').exec(text)?.[0];
  if (body === undefined) return [];
  const calls = body.slice(body.indexOf('(') + 1).matchAll(/\bonStop\('([^']+)'|(?<![.\w])(\w+)\(/g);
  return [...calls].flatMap(([, step, called]) => {
    if (step !== undefined) return [step];
    return called === undefined || called === name ? [] : shutdownSteps(text, called);
  });
}

test('the order of the shutdown is the one that is written down: what was added last ends first', () => {
  const supervisors = sources('supervisors').map(({ text }) => text);
  const added = shutdownSteps(supervisors.join('\n'), 'startTree');
  assert.is(added.length, supervisors.join('').match(/\bonStop\('/g)?.length, 'a step that nothing reaches');
  assert.equal(listed('docs/architecture.md', '<!-- shutdown -->'), added.reverse());
});

test('the runbook explains every line of the log that asks for a person', () => {
  const folders = ['src', 'actors', 'supervisors'];
  const sources = folders.flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => textOf(join(folder, name))),
  );
  const lines = sources.flatMap(source =>
    [...source.matchAll(/\blog\.(?:error|fatal)\([\s\S]*?['`](\$\{\w+\}|[a-z]+)\.([a-z-]+)/g)].map(
      ([, noun = '', verb = '']) => `${noun.startsWith('$') ? '' : noun}.${verb}`,
    ),
  );
  assert.ok(lines.length > 12);
  for (const line of lines) assert.match(runbook, `${line}\``, line);
});

test('the runbook says what to do about every alert of Prometheus', () => {
  const { groups } = parse(textOf('deploy/prometheus/event-sink.rules.yml')) as {
    groups: { rules: { alert: string }[] }[];
  };
  for (const { alert } of groups.flatMap(({ rules }) => rules)) assert.match(runbook, alert);
});

test('commands in the documents exist, with their options', async () => {
  let checked = 0;
  for (const page of pages) {
    const shell = [...textOf(page).matchAll(/```sh\n([\s\S]*?)```|`(event-sink [^`]+)`/g)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    for (const [, name = '', rest = ''] of shell.join('\n').matchAll(/\bevent-sink ([a-z][a-z-]*)\b([^\n|#&;]*)/g)) {
      const entry = commands.find(command => command.name === name);
      if (entry === undefined) continue;
      const options = { ...commonOptions, ...(await entry.load()).options };
      for (const [, option = ''] of rest.matchAll(/ --([a-z][a-z0-9-]*)/g))
        assert.ok(option in options, `${page}: ${name} --${option}`);
      checked += 1;
    }
  }
  assert.ok(checked > 20);
});

test('the SQL that erases a person erases them, and leaves the store right', async () => {
  const person = '65594ef92245842e94fe748d';
  const folder = temporaryFolder();
  const daemon = await new TestDaemon({ dir: folder.path }).start();
  await daemon.post(fixtureLines('clowder').map(line => JSON.parse(line)));
  await daemon.drained();
  await daemon.kill('SIGTERM');
  const [, sql = ''] = /<<SQL\n([\s\S]*?)\nSQL/.exec(runbook) ?? [];
  const database = new Database(databaseFile(folder.path));
  database.exec(sql.replaceAll('$U', person));
  assert.is(
    database.value("SELECT value FROM counters WHERE name = 'event_bytes'"),
    database.value('SELECT sum(size) FROM events'),
  );
  database.close();
  await daemon.start();
  const left = await daemon.stored();
  const others = fixtureLines('clowder').filter(line => !line.includes(person));
  assert.is(left.length, others.length);
  assert.not.match(JSON.stringify(left), person);
  await daemon.remove();
  folder.remove();
});

const python = findProgram('python3');
if (python === undefined) skipped('the recipe for Clowder 2', 'no python3 on the PATH');
else {
  test('the recipe for Clowder 2 sends events', async () => {
    const blocks = textOf('docs/clowder-2.md').matchAll(/```python\n([\s\S]*?)```/g);
    const [recipe = '', use = ''] = [...blocks].map(([, code = '']) => code);
    const daemon = await new TestDaemon().start();
    const folder = temporaryFolder();
    const file = join(folder.path, 'recipe.py');
    const things = ['dataset', 'file', 'user', 'extractor'];
    writeFileSync(
      file,
      [
        recipe,
        'from types import SimpleNamespace',
        ...things.map(name => `${name} = SimpleNamespace(id="${name}-1", name="a ${name}", bytes=7)`),
        use.replace('http://event-sink:8080', daemon.url).replace('es_…', daemon.key),
        'time.sleep(1)',
      ].join('\n'),
    );
    const { status, stdout, stderr } = spawnSync(python, [file], { encoding: 'utf8' });
    assert.equal([status, stdout, stderr], [0, '', '']);
    await daemon.drained();
    const stored = await daemon.stored();
    assert.equal(stored.map(({ category }) => category).sort(), ['download', 'extraction', 'upload', 'view_resource']);
    await daemon.remove();
    folder.remove();
  });
}

test.run();
