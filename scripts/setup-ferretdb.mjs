// Builds a MongoDB-compatible server (test/helpers/servers/ferretdb: FerretDB on SQLite) once, for the integration
// tests. Needs the Go toolchain; a minute or two on two cores. When it cannot be had the tests use their stand-in, and
// say so: that is no failure.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = fileURLToPath(new URL('../test/helpers/servers/ferretdb', import.meta.url));
const timeoutMs = 6 * 60_000;

/** Named by what it is built from. @returns {string} where the server is, or would be */
export function ferretdbPath() {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.sum']) hash.update(readFileSync(join(source, name)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'event-sink', `ferretdb-${hash.digest('hex').slice(0, 12)}`);
}

/** Never throws. @returns {string} one line that says what was done */
export function setUpFerretDB() {
  const target = ferretdbPath();
  if (existsSync(target)) return 'ferretdb is there';
  if (spawnSync('go', ['version']).status !== 0) return 'ferretdb not built: there is no Go toolchain';
  // Built beside its place and renamed: nobody ever finds half a file.
  const half = `${target}.${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  const started = Date.now();
  const { status, error, stderr } = spawnSync('go', ['build', '-buildvcs=false', '-trimpath', '-o', half, '.'], {
    cwd: source,
    timeout: timeoutMs,
    encoding: 'utf8',
  });
  if (status !== 0 || !existsSync(half)) {
    rmSync(half, { force: true });
    return `ferretdb not built: ${error?.message ?? stderr.trim().split('\n').slice(-5).join(' | ')}`;
  }
  renameSync(half, target);
  return `ferretdb built in ${Math.round((Date.now() - started) / 1000)} s`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(setUpFerretDB());
