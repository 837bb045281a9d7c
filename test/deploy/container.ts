import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { complete, type Exit, Running } from '../helpers/running.js';
import { until } from '../helpers/wait.js';

/** What an image says of itself, as in the archives of `docker save`. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly StopSignal: NodeJS.Signals;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Volumes: Readonly<Record<string, object>>;
}

export interface Image {
  /** The folder with its files. */
  readonly root: string;
  readonly config: ImageConfig;
}

/** Unpacks an archive of `docker save` into an empty folder, layer over layer. */
export function unpackImage(archive: string, folder: string): Image {
  const [parts, root] = [join(folder, 'archive'), join(folder, 'root')];
  for (const path of [parts, root]) mkdirSync(path);
  execFileSync('tar', ['-xf', archive, '-C', parts]);
  const read = (file: string): unknown => JSON.parse(readFileSync(join(parts, file), 'utf8'));
  const [manifest] = read('manifest.json') as [{ readonly Config: string; readonly Layers: readonly string[] }];
  for (const layer of manifest.Layers) {
    const names = execFileSync('tar', ['-tf', join(parts, layer)], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (/\/\.wh\./.test(names)) throw new Error(`${layer} takes files away, which is not understood here`);
    execFileSync('tar', ['-xpf', join(parts, layer), '-C', root]);
  }
  return { root, config: (read(manifest.Config) as { readonly config: ImageConfig }).config };
}

/** Mounts what an engine would, read-only but for the volumes and /tmp, and becomes the program. */
const enter = `
  set -e
  root=$1 tmp=$root/tmp; shift
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero full random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  while [ "$1" != -- ]; do
    mount --bind "$1" "$root/$2"
    shift 2
  done
  shift
  mount -o remount,bind,ro "$root"
  ip link set lo up
  exec setpriv --no-new-privs unshare --root="$root" "$@"`;

/**
 * An image that runs as the Compose file lets it: as its own user, without capabilities, as the first process of its
 * own, on a read-only root. Its network is a loopback of its own. Needs root; no engine and no cgroups.
 */
export class Container {
  readonly #image: Image;
  readonly #outer: Running;
  readonly #pid: number;

  private constructor(image: Image, outer: Running, pid: number) {
    this.#image = image;
    this.#outer = outer;
    this.#pid = pid;
  }

  /** @param mounts folders of this machine, by where the container has them */
  static async start(image: Image, mounts: Readonly<Record<string, string>>): Promise<Container> {
    const { root, config } = image;
    for (const path of Object.keys(mounts)) mkdirSync(join(root, path), { recursive: true });
    const inside = [`--wd=${config.WorkingDir}`, ...asUser(image), ...config.Entrypoint, ...config.Cmd];
    const outer = new Running('env', [
      ...['-i', ...marked(config.Env), '/usr/bin/unshare', '--mount', '--pid', '--net', '--ipc', '--uts'],
      ...['--fork', '--kill-child', 'sh', '-c', enter, 'sh', root],
      ...[...Object.entries(mounts).flatMap(([path, folder]) => [folder, path]), '--', ...inside],
    ]);
    const children = `/proc/${outer.pid}/task/${outer.pid}/children`;
    const pid = await until(() => {
      if (outer.exit !== undefined) throw new Error(outer.output);
      return Number(readFileSync(children, 'utf8')) || undefined;
    }, 'the first process');
    return new Container(image, outer, pid);
  }

  get output(): string {
    return this.#outer.output;
  }

  /** Runs a program inside, as `docker exec` does. @returns what it printed @throws Error when it fails */
  exec(words: readonly string[]): Promise<string> {
    const { config } = this.#image;
    const namespaces = ['--mount', '--pid', '--net', '--ipc', '--uts', '--root', '--wd'];
    const inside = [...namespaces, ...asUser(this.#image), ...words];
    return complete('env', ['-i', ...marked(config.Env), '/usr/bin/nsenter', `--target=${this.#pid}`, ...inside]);
  }

  /** Runs a program of this machine in its network. */
  inNetwork(words: readonly string[], cwd: string): Promise<string> {
    return complete('nsenter', [`--target=${this.#pid}`, '--net', ...words], { cwd });
  }

  /** As an engine stops it: by the signal that the image names. */
  async stop(): Promise<Exit> {
    process.kill(this.#pid, this.#image.config.StopSignal);
    return this.#outer.exited;
  }

  kill(): Promise<Exit> {
    return this.#outer.kill9();
  }
}

/** A folder with the owner and the mode that the image gives its volume, as an engine makes one. */
export function volumeOf({ root }: Image, volume: string, folder: string): string {
  const { uid, gid, mode } = statSync(join(root, volume));
  mkdirSync(folder);
  chownSync(folder, uid, gid);
  chmodSync(folder, mode);
  return folder;
}

function asUser({ root, config }: Image): string[] {
  const users = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n');
  const [, , uid, gid] = users.map(line => line.split(':')).find(([name]) => name === config.User) ?? [];
  if (uid === undefined) throw new Error(`the image has no user ${config.User}`);
  return [`--setgid=${gid}`, `--setuid=${uid}`];
}

/** The image's own environment, and the mark by which the runner finds what a test leaves behind. */
function marked(env: readonly string[]): string[] {
  const { EVENT_SINK_TEST: mark } = process.env;
  return mark === undefined ? [...env] : [...env, `EVENT_SINK_TEST=${mark}`];
}
