// Builds the image of deploy/Dockerfile without a container engine and without a registry of images: with buildah, on a
// base that is made here (scripts/image/base.mjs). As root, on Debian, with buildah; npm's cache is used and filled.
//
//   node scripts/image.mjs [--output FILE]
//
// --output: the image, an archive for `docker load` and `podman load`; by default clowder-event-sink.tar.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBase } from './image/base.mjs';
import { run } from './image/run.mjs';

const { values: options } = parseArgs({
  options: { output: { type: 'string', default: 'clowder-event-sink.tar' } },
});
const started = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'event-sink-image-'));
try {
  const output = resolve(options.output);
  const base = join(folder, 'base');
  mkdirSync(base);
  makeBase(base);
  buildah('build', '--tag', 'event-sink-base', '--file', baseFile(), base);
  rmSync(base, { recursive: true });
  buildah(
    ...['build', '--tag', 'clowder-event-sink', '--file', 'deploy/Dockerfile'],
    ...['--build-arg', 'BASE=localhost/event-sink-base', '--pull-never'],
    ...['--volume', `${home()}:/root`, '--volume', `${npmConfig('cache')}:/root/.npm`],
    '.',
  );
  rmSync(output, { force: true });
  buildah('push', 'clowder-event-sink', `docker-archive:${output}:clowder-event-sink:latest`);
  const megabytes = Math.round(statSync(output).size / 1_000_000);
  console.log(`${options.output}: ${megabytes} MB, in ${Math.round((Date.now() - started) / 1000)} s`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  // Never through a mount that is still there.
  if (!readFileSync('/proc/mounts', 'utf8').includes(folder)) rmSync(folder, { recursive: true, force: true });
}

/**
 * With a store of its own, which goes with the folder. chroot asks for less of the machine than a container runtime
 * would, and `docker` is the format that knows HEALTHCHECK.
 */
function buildah(command, ...args) {
  const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const how = command === 'build' ? ['--isolation', 'chroot', '--format', 'docker', '--layers=false'] : [];
  return run('buildah', [...store, command, ...how, ...args], { env: { ...process.env, TMPDIR: folder } });
}

function baseFile() {
  const file = join(folder, 'Dockerfile');
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  writeFileSync(file, `FROM scratch\nCOPY . /\nENV PATH=${path}\nCMD ["node"]\n`);
  return file;
}

/** The home of the build: npm has its settings of this machine there, and what it has fetched is not fetched again. */
function home() {
  const path = join(folder, 'home');
  mkdirSync(path);
  const own = npmConfig('userconfig');
  const settings = existsSync(own) ? readFileSync(own, 'utf8') : '';
  writeFileSync(join(path, '.npmrc'), `${settings}\nregistry=${npmConfig('registry')}\nprefer-offline=true\n`);
  return path;
}

function npmConfig(name) {
  return run('npm', ['config', 'get', name]).trim();
}
