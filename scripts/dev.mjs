// Compiles on every change, and restarts the daemon on every change of what was compiled.
import { spawn, spawnSync } from 'node:child_process';
import { context } from 'esbuild';
import { programBuilds } from './program.mjs';
import { snippetBuild } from './snippet.mjs';

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
if (built.status !== 0) console.log('The first build has errors; the daemon starts when they are fixed.');

const children = [
  ...['.', 'src/page'].map(project =>
    spawn(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '--project', project, '--watch', '--preserveWatchOutput'],
      {
        stdio: 'inherit',
      },
    ),
  ),
  spawn(process.execPath, ['--watch', '--watch-preserve-output', 'dist/src/main.js', 'start'], {
    stdio: 'inherit',
  }),
];

const builds = await Promise.all([snippetBuild, ...programBuilds].map(build => context(build)));
for (const build of builds) await build.watch();

// A terminal sends Ctrl-C to the whole group; a platform sends SIGTERM to this process alone.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM');
});

await Promise.all(children.map(child => new Promise(ended => child.once('exit', ended))));
for (const build of builds) await build.dispose().catch(() => {});
