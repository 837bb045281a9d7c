// What stands in for the public base image of deploy/Dockerfile where no registry of images can be reached: a shell,
// its tools and the C and C++ libraries from Debian's packages, unpacked and nothing more, with Node and npm beside.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node24 } from '../test/node24.mjs';
import { run } from './run.mjs';

const packages = [
  ...['base-files', 'coreutils', 'dash', 'findutils'],
  ...['libacl1', 'libattr1', 'libc6', 'libgcc-s1', 'libgmp10', 'libpcre2-8-0', 'libselinux1', 'libstdc++6'],
];

/** As in the public image: the user that the daemon runs as has the same number. */
const files = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
  'etc/group': 'root:x:0:\nnode:x:1000:\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

/** Fills an empty folder. @throws Error that says what went wrong */
export function makeBase(folder) {
  unpackPackages(folder);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  const local = join(folder, 'usr/local');
  for (const name of ['bin', 'etc', 'lib/node_modules']) mkdirSync(join(local, name), { recursive: true });
  copyFileSync(node24(), join(local, 'bin/node'));
  cpSync(npm(), join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
}

function unpackPackages(folder) {
  const fetched = join(folder, 'fetched');
  mkdirSync(fetched);
  fetchPackages(fetched);
  // Where scanners look for the versions of what was unpacked without a package manager.
  const status = join(folder, 'var/lib/dpkg/status.d');
  for (const file of readdirSync(fetched)) {
    run('dpkg-deb', ['--extract', join(fetched, file), folder]);
    mkdirSync(status, { recursive: true });
    writeFileSync(join(status, file.split('_')[0]), run('dpkg-deb', ['--field', join(fetched, file)]));
  }
  for (const unread of ['fetched', 'usr/share/locale', 'usr/share/man', 'usr/share/info'])
    rmSync(join(folder, unread), { recursive: true, force: true });
}

/** The machine's own sources and proxies count. Its lists of packages may be old: then they are fetched first. */
function fetchPackages(cwd) {
  try {
    run('apt-get', ['-q', 'download', ...packages], { cwd });
  } catch {
    run('apt-get', ['-q', 'update']);
    run('apt-get', ['-q', 'download', ...packages], { cwd });
  }
}

/** JavaScript alone: the one of this machine runs on any Node. */
function npm() {
  return join(run('npm', ['root', '--global']).trim(), 'npm');
}
