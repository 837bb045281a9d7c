// Runs the tests that share a RabbitMQ (the broker's conformance suite among them) on RabbitMQ 4, from a Debian 13 in a
// folder of its own. As root, with debootstrap; about a minute and 600 MB. Needs a build.
//
//   node scripts/rabbitmq-4.mjs [--mirror URL] [--folder DIR] [FILTER...]
//
// --folder: where the Debian is kept for the next time; without one it is made anew and removed.
// FILTER: as of scripts/test.mjs; without one, everything that says `// shares: rabbitmq`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from 'amqplib';

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { mirror: { type: 'string' }, folder: { type: 'string' } },
});

if (process.getuid?.() !== 0 || spawnSync('debootstrap', ['--version']).status !== 0) {
  console.error('This needs root and debootstrap: sudo apt-get install debootstrap, then run it as root.');
  process.exit(2);
}

const folder = options.folder === undefined ? mkdtempSync(join(tmpdir(), 'rabbitmq-4-')) : resolve(options.folder);
const children = [];
const mounted = [];
try {
  if (!existsSync(join(folder, 'usr/lib/rabbitmq'))) {
    console.log(`Debian 13 with rabbitmq-server in ${folder} …`);
    const mirror = options.mirror === undefined ? [] : [options.mirror];
    must('debootstrap', ['--variant=minbase', '--include=rabbitmq-server', 'trixie', folder, ...mirror]);
  }
  for (const path of ['proc', 'dev']) {
    must('mount', ['--bind', `/${path}`, join(folder, path)]);
    mounted.push(join(folder, path));
  }
  const uri = await startNode();
  const { status } = spawnSync(process.execPath, ['scripts/test.mjs', ...chosen(), '--jobs', '1'], {
    stdio: 'inherit',
    env: { ...process.env, RABBITMQ_TEST_URI: uri },
  });
  process.exitCode = status ?? 1;
} finally {
  for (const child of children.reverse()) await end(child);
  for (const path of mounted.reverse()) must('umount', [path]);
  // Never through a mount that is still there.
  if (options.folder === undefined && !readFileSync('/proc/mounts', 'utf8').includes(folder))
    rmSync(folder, { recursive: true, force: true });
}

async function startNode() {
  const [port, distribution, epmd] = await Promise.all([freePort(), freePort(), freePort()]);
  const home = '/var/lib/rabbitmq';
  writeFileSync(join(folder, home, 'plugins'), '[].\n');
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: home,
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'four@localhost',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_ENABLED_PLUGINS_FILE: `${home}/plugins`,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}',
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  let output = '';
  const inside = (program, ...args) => {
    const child = spawn('chroot', ['--userspec=rabbitmq:rabbitmq', folder, program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output = (output + text).slice(-4_000);
      });
    return child;
  };
  inside('epmd', '-port', String(epmd), '-address', '127.0.0.1');
  const node = inside('/usr/lib/rabbitmq/bin/rabbitmq-server');
  const uri = `amqp://127.0.0.1:${port}`;
  for (let tries = 0; tries < 1_800 && node.exitCode === null; tries += 1) {
    const connection = await connect(uri, { timeout: 2_000 }).catch(() => undefined);
    if (connection !== undefined) {
      console.log(`RabbitMQ ${connection.connection.serverProperties.version} at ${uri}`);
      await connection.close();
      return uri;
    }
    await sleep(100);
  }
  throw new Error(`RabbitMQ did not start:\n${output}`);
}

function chosen() {
  if (filters.length > 0) return filters;
  return readdirSync('test', { recursive: true })
    .filter(
      name => name.endsWith('.test.ts') && /^\/\/ shares: rabbitmq$/m.test(readFileSync(join('test', name), 'utf8')),
    )
    .map(name => name.replace(/ts$/, 'js'));
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
