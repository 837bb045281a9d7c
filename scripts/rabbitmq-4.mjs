// Runs the broker's conformance suite on RabbitMQ 4.0, from Debian trixie's package in a folder of its own. By hand, as root, on Debian:
// it needs the package debootstrap (about a minute for the folder, kept in the cache for the next time).
//
//   node scripts/rabbitmq-4.mjs [FILTER of test files]     default: broker/amqp
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';

const root = join(homedir(), '.cache', 'event-sink', 'trixie');
const filters = process.argv.slice(2);

if (process.getuid?.() !== 0) fail('this needs root: a chroot and two bind mounts');
if (!existsSync(join(root, 'usr/lib/rabbitmq'))) {
  mkdirSync(root, { recursive: true });
  run('debootstrap', ['--variant=minbase', '--include=rabbitmq-server', 'trixie', root]);
}
const work = mkdtempSync(join(root, 'tmp', 'node-'));
const inside = work.slice(root.length);
const [port, distribution, epmd] = await freePorts(3);
for (const name of ['proc', 'dev']) run('mount', ['--bind', `/${name}`, join(root, name)]);
let node;
try {
  node = start();
  await ready();
  const tests = ['scripts/test.mjs', '--jobs', '1', ...(filters.length > 0 ? filters : ['broker/amqp'])];
  const { status } = spawnSync(process.execPath, tests, {
    stdio: 'inherit',
    env: { ...process.env, RABBITMQ_TEST_URI: `amqp://127.0.0.1:${port}` },
  });
  process.exitCode = status ?? 1;
} finally {
  node?.kill('SIGTERM');
  for (let wait = 0; wait < 100 && node?.exitCode === null && node.signalCode === null; wait += 1) await sleep(100);
  node?.kill('SIGKILL');
  spawnSync('chroot', [root, 'epmd', '-port', String(epmd), '-kill']);
  for (const name of ['dev', 'proc']) spawnSync('umount', ['--lazy', join(root, name)]);
  rmSync(work, { recursive: true, force: true });
}

/** The same environment as the tests' own nodes: nothing of the system's configuration, everything in one folder, on the loopback. */
function start() {
  writeFileSync(join(work, 'enabled_plugins'), '[].');
  const environment = {
    PATH: process.env.PATH,
    HOME: inside,
    RABBITMQ_NODENAME: `four${process.pid}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: join(inside, 'data'),
    RABBITMQ_LOG_BASE: join(inside, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(inside, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(inside, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_FEATURE_FLAGS_FILE: join(inside, 'feature_flags'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(inside, 'generated'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}',
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  return spawn('chroot', [root, '/usr/lib/rabbitmq/bin/rabbitmq-server'], { env: environment, stdio: 'ignore' });
}

async function ready() {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (node.exitCode !== null) throw new Error(`the node ended with ${node.exitCode}`);
    try {
      const connection = await connect(`amqp://127.0.0.1:${port}`);
      console.log(`RabbitMQ ${connection.connection.serverProperties.version} on port ${port}`);
      await connection.close();
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error('the node does not answer');
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => new Promise(listening => server.once('listening', listening))));
  const ports = servers.map(server => server.address().port);
  await Promise.all(servers.map(server => new Promise(closed => server.close(closed))));
  return ports;
}

function run(command, args) {
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) fail(`${command} ${args.join(' ')}: ${(stderr || stdout || 'not found').slice(-2000)}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
