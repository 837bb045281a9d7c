// Compiles to dist/: the daemon, then the page for the browser. A clean folder each time, so that a deleted source
// leaves no stale test or module behind.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
process.exitCode = Math.max(compile('.'), compile('src/page'));
cpSync('src/page', 'dist/src/page', { recursive: true, filter: source => !/\.(ts|json)$/.test(source) });
if (existsSync('dist/src/main.js')) chmodSync('dist/src/main.js', 0o755);

function compile(project) {
  return (
    spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', project], { stdio: 'inherit' })
      .status ?? 1
  );
}
