// Compiles to dist/: the daemon, the page for the browser, then the script for other pages, as small as it can be. What
// did not change since the last time is not compiled again; dist/.build/ keeps what is needed to tell. What is started
// is put together last (scripts/program.mjs): dist/src/main.js and the threads; tests import the modules beside them.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildSync } from 'esbuild';
import { programBuilds } from './program.mjs';
import { snippetBuild } from './snippet.mjs';

const state = join('dist', '.build');
/** What dist/src/main.js loads. */
const shared = join('dist', 'program');

process.exitCode = Math.max(
  compile('.', 'daemon'),
  compile('src/page', 'page'),
  compile('src/browser/snippet', 'snippet'),
);
buildSync(snippetBuild);
rmSync(shared, { recursive: true, force: true });
for (const build of programBuilds) buildSync(build);
cpSync('src/page', 'dist/src/page', { recursive: true, filter: source => !/\.(ts|json)$/.test(source) });
removeStale('dist');
if (existsSync('dist/src/main.js')) chmodSync('dist/src/main.js', 0o755);

function compile(project, name) {
  const compiler = 'node_modules/typescript/bin/tsc';
  const incremental = ['--incremental', '--tsBuildInfoFile', join(state, `${name}.tsbuildinfo`)];
  const { status } = spawnSync(process.execPath, [compiler, '--project', project, ...incremental], {
    stdio: 'inherit',
  });
  return status ?? 1;
}

/** A source that is gone leaves no module and no test behind. */
function removeStale(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (path === state || path === shared) continue;
    const source = relative('dist', path);
    if (entry.isDirectory()) {
      if (existsSync(source)) removeStale(path);
      else rmSync(path, { recursive: true });
    } else if (![source, source.replace(/\.js(\.map)?$/, '.ts')].some(one => existsSync(one))) rmSync(path);
  }
}
