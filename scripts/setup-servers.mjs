// Installs the servers and tools that the tests use and this machine lacks: Debian's packages, by apt-get, as root.
// The packages' own services are not started: tests start nodes of their own, in temporary folders, on free ports.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUpFerretDB } from './setup-ferretdb.mjs';

/** A package, and the paths or command names one of which shows that it is there. */
const packages = [
  { name: 'rabbitmq-server', shownBy: ['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server'] },
  { name: 'influxdb', shownBy: ['influxd'] },
  { name: 'victoria-metrics', shownBy: ['victoria-metrics'] },
  { name: 'nginx-light', shownBy: ['/usr/sbin/nginx', 'nginx'] },
  { name: 'postgresql', shownBy: [postgresql] },
  { name: 'dnsmasq-base', shownBy: ['/usr/sbin/dnsmasq', 'dnsmasq'] },
  { name: 'exim4-daemon-light', shownBy: ['/usr/sbin/exim4'] },
  { name: 'iputils-ping', shownBy: ['ping'] },
  { name: 'prometheus', shownBy: ['promtool'] },
  { name: 'chromium', shownBy: ['chromium', 'chromium-browser', 'google-chrome'] },
  { name: 'buildah', shownBy: ['buildah'] },
  { name: 'iproute2', shownBy: ['/usr/sbin/ip', '/bin/ip', 'ip'] },
  { name: 'curl', shownBy: ['curl'] },
  { name: 'python3-pika', shownBy: [python('pika')] },
  { name: 'python3-venv', shownBy: [python('ensurepip')] },
];

/** @returns {{name: string}[]} the packages that are not here */
export function missingPackages(candidates = packages, path = process.env.PATH ?? '') {
  return candidates.filter(({ shownBy }) => !shownBy.some(sign => isThere(sign, path)));
}

function isThere(sign, path) {
  if (typeof sign === 'function') return sign();
  if (sign.startsWith('/')) return executable(sign);
  return path.split(delimiter).some(folder => folder !== '' && executable(join(folder, sign)));
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps each version of it in a folder of its own, off the PATH. */
function postgresql() {
  const root = '/usr/lib/postgresql';
  return existsSync(root) && readdirSync(root).some(version => executable(join(root, version, 'bin', 'postgres')));
}

/** Debian's Python, not whichever comes first on the PATH: its packages are for that one. */
function python(module) {
  return () => spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}

/** Installs what is missing. @returns {string} one line that says what was done @throws Error that says what to do */
export function setUpServers() {
  const names = missingPackages().map(({ name }) => name);
  if (names.length === 0) return 'nothing missing';
  const list = names.join(' ');
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(`The tests need ${list}, and there is no apt-get here: install them by hand.`);
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      `The tests need ${list}. Run this as root, or: sudo apt-get install --no-install-recommends ${list}`,
    );
  }
  const started = forbidServiceStarts();
  try {
    apt(['update']);
    apt(['install', '--yes', '--no-install-recommends', ...names]);
  } finally {
    started.allow();
  }
  const still = missingPackages().map(({ name }) => name);
  if (still.length > 0) throw new Error(`Installed, but still not found: ${still.join(' ')}`);
  return `installed ${list}`;
}

/**
 * Debian asks this program whether a package may start its service; 101 means no. An
 * existing one is the machine's owner's.
 */
function forbidServiceStarts() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return { allow() {} };
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return { allow: () => rmSync(policy, { force: true }) };
}

function apt(args) {
  const folder = mkdtempSync(join(tmpdir(), 'event-sink-setup-'));
  try {
    const { status, stdout, stderr } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', TMPDIR: folder },
    });
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(setUpServers());
    console.log(setUpFerretDB());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
