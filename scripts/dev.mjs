// Compiles on every change, and restarts the daemon when what it runs is another. The compiler says what is wrong with
// the types of the daemon, and writes nothing of it: what runs is put together by esbuild alone.
import { spawn, spawnSync } from 'node:child_process';
import { context } from 'esbuild';
import { installProgram } from './installed-program.mjs';
import { programBuilds } from './program.mjs';
import { snippetBuild } from './snippet.mjs';

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
if (built.status !== 0) console.log('The first build has errors; the daemon starts when they are fixed.');

const children = [
  watchingCompiler('--project', '.', '--noEmit'),
  watchingCompiler('--project', 'src/page'),
  spawn(process.execPath, ['--watch', '--watch-preserve-output', 'dist/src/main.js', 'start'], {
    stdio: 'inherit',
  }),
];

/** The latest of each build. */
const results = [];
/** How long after a build others of the same change may end, ms. */
const restMs = 300;
let timer;
const builds = await Promise.all([snippetBuild, ...programBuilds.map(installing)].map(build => context(build)));
for (const build of builds) await build.watch();

// A terminal sends Ctrl-C to the whole group; a platform sends SIGTERM to this process alone.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM');
});

await Promise.all(children.map(child => new Promise(ended => child.once('exit', ended))));
for (const build of builds) await build.dispose().catch(() => {});

function watchingCompiler(...options) {
  const compiler = 'node_modules/typescript/bin/tsc';
  return spawn(process.execPath, [compiler, ...options, '--watch', '--preserveWatchOutput'], { stdio: 'inherit' });
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
  } catch (error) {
    console.error(error.message);
  }
}
