// Compiles to dist/: the daemon, the page for the browser, then the script for other pages, as small as it can be. What
// did not change since the last time is not compiled again; dist/.build/ keeps what is needed to tell. What is started
// is put together last (scripts/program.mjs), in dist/program/, and started through dist/src/main.js; tests import the
// modules in dist/ one by one. A daemon may run here meanwhile.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, buildSync } from 'esbuild';
import { entryOf, installProgram, keepEntry } from './installed-program.mjs';
import { programBuilds } from './program.mjs';
import { snippetBuild } from './snippet.mjs';

const state = join('dist', '.build');
/** What has no source of the same name. */
const made = [state, join('dist', 'program')];

const entry = entryOf();
const modules = compile('.', 'modules');
// The compiler has written src/main.ts in its place: what was started stays until the switch.
keepEntry(entry);
process.exitCode = Math.max(modules, compile('src/page', 'page'), compile('src/browser/snippet', 'snippet'));
buildSync(snippetBuild);
cpSync('src/page', 'dist/src/page', { recursive: true, filter: source => !/\.(ts|json)$/.test(source) });
removeStale('dist');
// What does not compile is not started: dist/src/main.js stays with the build before.
if (process.exitCode === 0) installProgram(await Promise.all(programBuilds.map(one => build(one))));

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
    if (made.includes(path)) continue;
    const source = relative('dist', path);
    if (entry.isDirectory()) {
      if (existsSync(source)) removeStale(path);
      else rmSync(path, { recursive: true });
    } else if (![source, source.replace(/\.js(\.map)?$/, '.ts')].some(one => existsSync(one))) rmSync(path);
  }
}
