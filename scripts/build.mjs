// Compiles to dist/: the daemon, the page for the browser, then the script for other pages, as small as it can be. A
// clean folder each time, so that a deleted source leaves no stale test or module behind.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { snippetBuild } from './snippet.mjs';

rmSync('dist', { recursive: true, force: true });
process.exitCode = Math.max(compile('.'), compile('src/page'), compile('src/browser/snippet'));
buildSync(snippetBuild);
cpSync('src/page', 'dist/src/page', { recursive: true, filter: source => !/\.(ts|json)$/.test(source) });
if (existsSync('dist/src/main.js')) chmodSync('dist/src/main.js', 0o755);

function compile(project) {
  return (
    spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', project], { stdio: 'inherit' })
      .status ?? 1
  );
}
