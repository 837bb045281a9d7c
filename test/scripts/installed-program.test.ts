import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildResult, buildSync } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { programFile } from '../../src/program-files.js';
import { temporaryFolder } from '../helpers/temporary.js';

const script = new URL('../../../scripts/installed-program.mjs', import.meta.url).href;
const { entryOf, installProgram, keepEntry } = (await import(script)) as {
  entryOf: (dist: string) => string | undefined;
  installProgram: (results: readonly BuildResult[], dist: string) => void;
  keepEntry: (text: string | undefined, dist: string) => void;
};

const folder = temporaryFolder();
const at = (path: string): string => join(folder.path, path);
const main = at('dist/src/main.js');
const children: ChildProcess[] = [];

test.after(() => {
  for (const child of children) child.kill('SIGKILL');
  folder.remove();
});

mkdirSync(at('src'));
writeFileSync(
  at('package.json'),
  '{"name":"small","version":"1.0.0","type":"module","files":["dist/src","dist/program"]}',
);
writeFileSync(
  at('src/main.js'),
  `import { Worker } from 'node:worker_threads';
   import { threadFile } from ${JSON.stringify(programFile('src/program-files.ts').pathname)};
   process.once('message', async () => {
     const { version } = await import('./later.js');
     new Worker(threadFile('src/thread.js')).once('message', thread => {
       process.send({ later: version, thread });
       process.disconnect();
     });
   });
   process.send('started');`,
);

/** A program that loads a part, and begins a thread, when it is asked to. */
function build(version: string): BuildResult[] {
  writeFileSync(at('src/later.js'), `export const version = '${version}';`);
  writeFileSync(
    at('src/thread.js'),
    `import { parentPort } from 'node:worker_threads'; parentPort.postMessage('${version}');`,
  );
  const common = {
    absWorkingDir: folder.path,
    outbase: '.',
    outdir: 'dist/program/build',
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    metafile: true,
  } as const;
  return [
    buildSync({ ...common, entryPoints: ['src/main.js'], splitting: true, chunkNames: '[name]-[hash]' }),
    buildSync({ ...common, entryPoints: ['src/thread.js'] }),
  ];
}

function install(version: string): void {
  installProgram(build(version), at('dist'));
}

function builds(): string[] {
  return readdirSync(at('dist/program'), { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? entry.name : [],
  );
}

async function start(): Promise<ChildProcess> {
  const child = fork(main, { execArgv: [] });
  children.push(child);
  assert.equal(await once(child, 'message'), ['started', undefined]);
  return child;
}

async function ask(child: ChildProcess): Promise<unknown> {
  child.send('go on');
  const [answer] = await once(child, 'message');
  return answer;
}

test('what runs goes on with its own parts and threads, however often the program is built meanwhile', async () => {
  install('first');
  const running = await start();
  install('second');
  install('third');
  assert.equal(await ask(running), { later: 'first', thread: 'first' });
  assert.equal(await ask(await start()), { later: 'third', thread: 'third' });
});

test('builds from long ago are removed', async () => {
  for (const version of ['fourth', 'fifth']) install(version);
  assert.is(builds().length, 3);
  assert.equal(await ask(await start()), { later: 'fifth', thread: 'fifth' });
});

test('what was built before is started again when the sources are those again', async () => {
  install('fourth');
  assert.is(builds().length, 3);
  assert.equal(await ask(await start()), { later: 'fourth', thread: 'fourth' });
});

test('the same again touches nothing that would be noticed', () => {
  const before = statSync(main);
  install('fourth');
  assert.equal([statSync(main).ino, statSync(main).mtimeMs], [before.ino, before.mtimeMs]);
  assert.is(before.mode & 0o777, 0o755);
});

test('a build is kept although the clock was set back since the others were made', async () => {
  const later = new Date(Date.now() + 3_600_000);
  for (const name of builds()) utimesSync(at(`dist/program/${name}`), later, later);
  install('sixth');
  assert.is(builds().length, 3);
  assert.equal(await ask(await start()), { later: 'sixth', thread: 'sixth' });
});

test('what is started stays when the compiler writes its own form of it', () => {
  const before = entryOf(at('dist'));
  writeFileSync(main, 'what the compiler made', { mode: 0o644 });
  keepEntry(before, at('dist'));
  assert.is(readFileSync(main, 'utf8'), before);
  assert.is(statSync(main).mode & 0o777, 0o755);
});

test('npm packs one build, with its licences', () => {
  assert.is(builds().length, 3);
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const [, name = ''] = /program\/([^/]+)/.exec(readFileSync(main, 'utf8')) ?? [];
  const folders = new Set(files.flatMap(({ path }) => /^dist\/program\/([^/.]+)\//.exec(path)?.[1] ?? []));
  assert.equal([...folders], [name]);
  assert.ok(files.some(({ path }) => path === `dist/program/${name}/LICENSES.txt`));
});

test('the licences of what was put in are beside it; without one, nothing is installed', () => {
  const before = [readFileSync(main, 'utf8'), ...builds()];
  const dependency = (name: string, files: Readonly<Record<string, string>>): void => {
    mkdirSync(at(`node_modules/${name}`), { recursive: true });
    for (const [file, text] of Object.entries({
      'package.json': `{"name":"${name}","version":"1.2.3"}`,
      ...files,
    }))
      writeFileSync(at(`node_modules/${name}/${file}`), text);
  };
  /** As if esbuild had put these in. */
  const containing = (...names: readonly string[]): BuildResult[] => {
    const inputs = names.map(name => [at(`node_modules/${name}/index.js`), { bytes: 1, imports: [] }]);
    const metafile = { inputs: Object.fromEntries(inputs), outputs: {} };
    return [...build('sixth'), { errors: [], warnings: [], outputFiles: [], metafile, mangleCache: {} }];
  };
  dependency('free', { 'License.md': 'Do what you like.' });
  dependency('silent', {});
  assert.throws(
    () => installProgram(containing('free', 'silent'), at('dist')),
    /^silent is put into the program, and says nowhere under which licence/,
  );
  assert.equal([readFileSync(main, 'utf8'), ...builds()], before);
  installProgram(containing('free'), at('dist'));
  const [, name = ''] = /program\/([^/]+)/.exec(readFileSync(main, 'utf8')) ?? [];
  assert.match(readFileSync(at(`dist/program/${name}/LICENSES.txt`), 'utf8'), /^free 1\.2\.3\n\nDo what you like\.$/m);
});

test.run();
