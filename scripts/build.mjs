// Compiles to dist/. A clean folder each time, so that a deleted source leaves no stale test or module behind.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc'], { stdio: 'inherit' });
if (existsSync('dist/src/main.js')) chmodSync('dist/src/main.js', 0o755);
process.exitCode = status ?? 1;
