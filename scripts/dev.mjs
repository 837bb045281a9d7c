// Compiles on every change, and restarts the daemon when what it runs is another. The compiler says what is wrong with
// the types of the daemon, and writes nothing of it: what runs is put together by esbuild alone.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { context } from 'esbuild';
import { installProgram } from './installed-program.mjs';
import { programBuilds } from './program.mjs';
import { snippetBuild } from './snippet.mjs';

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
if (built.status !== 0) console.log('The first build has errors; the daemon starts when they are fixed.');

const compilers = [watchingCompiler('--project', '.', '--noEmit'), watchingCompiler('--project', 'src/page')];
/** Says which build is started. */
const entry = 'dist/src/main.js';
let started = '';
let daemon = startDaemon();
let ending = false;

/** The latest of each build. */
const results = [];
/** How long after a build others of the same change may end, ms. */
const restMs = 300;
let timer;
const builds = await Promise.all([snippetBuild, ...programBuilds.map(installing)].map(build => context(build)));
for (const build of builds) await build.watch();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    ending = true;
    // The compiler is a program in a program: their group ends.
    for (const { pid } of compilers) if (pid !== undefined) endGroup(pid);
    if (signal === 'SIGTERM') daemon.kill('SIGTERM');
  });
}

await Promise.all(compilers.map(exited));
ending = true;
clearTimeout(timer);
await exited(daemon);
for (const build of builds) await build.dispose().catch(() => {});

function startDaemon() {
  started = existsSync(entry) ? readFileSync(entry, 'utf8') : '';
  return spawn(process.execPath, [entry, 'start'], { stdio: 'inherit' });
}

async function restartDaemon() {
  const before = daemon;
  before.kill('SIGTERM');
  await exited(before);
  // Two changes may have come while it ended.
  if (!ending && daemon === before) daemon = startDaemon();
}

function exited(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(ended => child.once('exit', ended));
}

function watchingCompiler(...options) {
  const compiler = 'node_modules/typescript/bin/tsc';
  const args = [compiler, ...options, '--watch', '--preserveWatchOutput'];
  return spawn(process.execPath, args, { stdio: 'inherit', detached: true });
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended.
  }
}

/** The program is several builds, each of which sees a change by itself: those of one change are installed at once. */
function installing(build, index) {
  const setup = plugged =>
    plugged.onEnd(result => {
      results[index] = result;
      clearTimeout(timer);
      timer = setTimeout(installWhole, restMs);
    });
  return { ...build, plugins: [{ name: 'install', setup }] };
}

/** What is wrong has been printed; what runs goes on. */
function installWhole() {
  if (programBuilds.some((_, index) => results[index]?.errors.length !== 0)) return;
  try {
    installProgram(results);
    // Others build here, too: what counts is what runs.
    if (readFileSync(entry, 'utf8') !== started) void restartDaemon();
  } catch (error) {
    console.error(error.message);
  }
}
