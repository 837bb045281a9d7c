// Asks a daemon what its OpenAPI document allows and forbids, with Schemathesis (https://schemathesis.io) from PyPI, in
// a virtual environment of its own: what the document allows is accepted, or refused as documented; what the code
// accepts, the document allows; every answer is as described.
//
//   npm run build && node scripts/schemathesis.mjs [CASES] [SEED]
//
// Without Python or PyPI it says SKIP and ends with 0. What Schemathesis says is printed as it is.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '4.32.5';
const top = fileURLToPath(new URL('..', import.meta.url));
const here = join(top, 'scripts/schemathesis');
const cases = Number(process.argv[2] ?? 5_000);
const seed = Number(process.argv[3] ?? 1);
/** Operations of the document; each gets its part of the cases. */
const operations = 96;
/**
 * What is not asked: the stream never ends, and what takes the key of a page has it in the body, where Schemathesis
 * would put another. All else is, on a daemon and a folder that are there for it alone.
 */
const leftOut = '^(/v1/stream|/2/httpapi|/batch)$';

const program = schemathesis();
if (program === undefined) {
  process.stdout.write('SKIP schemathesis: Python 3 or PyPI cannot be reached\n');
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'event-sink-schemathesis-'));
const key = `es_${randomBytes(16).toString('hex')}`;
const port = await freePort();
const daemon = spawn(process.execPath, [join(top, 'dist/src/main.js'), 'start'], {
  env: {
    PATH: process.env.PATH,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    API_KEYS: `schemathesis:publish+read+admin:${createHash('sha256').update(key).digest('hex')}`,
    LOG_LEVEL: 'error',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const daemonEnded = new Promise(resolve => daemon.once('exit', resolve));
let code = 1;
try {
  await ready();
  code = await test();
  for (const operation of await unasked()) {
    process.stdout.write(`never asked: ${operation}\n`);
    code ||= 1;
  }
} finally {
  daemon.kill('SIGTERM');
  await daemonEnded;
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;

/** Runs it and resolves with its exit code. */
function test() {
  const options = [
    '--header',
    `X-API-Key: ${key}`,
    '--exclude-path-regex',
    leftOut,
    '--continue-on-failure',
    '--no-color',
  ];
  const amount = ['--max-examples', String(Math.max(1, Math.ceil(cases / operations))), '--seed', String(seed)];
  const phases = ['--phases', 'examples,coverage,fuzzing', '--suppress-health-check', 'all', '--no-shrink'];
  const config = ['--config-file', join(here, 'schemathesis.toml')];
  const child = spawn(
    program,
    [...config, 'run', `http://127.0.0.1:${port}/openapi.json`, ...options, ...amount, ...phases],
    { cwd: folder, stdio: 'inherit', env: { ...process.env, PYTHONPATH: here, SCHEMATHESIS_HOOKS: 'hooks' } },
  );
  return new Promise(resolve => child.once('exit', status => resolve(status ?? 1)));
}

/** Operations of the document that nothing was asked of, but for those that are left out. */
async function unasked() {
  const get = path => fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-api-key': key } });
  const { paths } = await (await get('/openapi.json')).json();
  const metrics = await (await get('/metrics')).text();
  // `POST /v1/events/:category` answers for `/v1/events/upload`, too.
  const asked = [...metrics.matchAll(/^event_sink_http_request_duration_seconds_count\{([^}]*)\}/gm)].map(
    ([, labels]) => {
      const label = name => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
      const route = label('route').replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+');
      return new RegExp(`^${label('method')} ${route}$`, 'i');
    },
  );
  return Object.entries(paths)
    .filter(([path]) => !new RegExp(leftOut).test(path))
    .flatMap(([path, operation]) => Object.keys(operation).map(method => `${method} ${path}`))
    .filter(operation => !asked.some(route => route.test(operation)));
}

async function ready() {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (daemon.exitCode !== null) break;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  throw new Error('the daemon did not start');
}

/** The path of the program, installed when it is not there; undefined where that cannot be done. */
function schemathesis() {
  const environment = join(homedir(), '.cache', 'event-sink', `schemathesis-${version}`);
  const installed = join(environment, 'bin', 'schemathesis');
  if (existsSync(installed)) return installed;
  const run = (command, ...words) => spawnSync(command, words, { stdio: 'ignore', timeout: 300_000 }).status === 0;
  const made =
    run('python3', '-m', 'venv', environment) &&
    run(join(environment, 'bin', 'pip'), 'install', '--quiet', `schemathesis==${version}`);
  if (made) return installed;
  rmSync(environment, { recursive: true, force: true });
  return undefined;
}

function freePort() {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
