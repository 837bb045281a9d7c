import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from '../errors.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

const ownerOnly = 0o600;

/**
 * Makes the file unless it is there, for its owner's eyes alone, whatever the folder and the umask are. SQLite gives
 * the files beside a database (its write-ahead log) the mode of the database. A file of somebody else keeps its mode.
 */
export function ownFile(path: string): void {
  closeSync(openSync(path, 'a', ownerOnly));
  try {
    chmodSync(path, ownerOnly);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/**
 * Whole or not at all when the process dies; without fsync. What lies there is replaced, a link never written through.
 */
export function writeOwnFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: ownerOnly, flag: 'wx' });
  renameSync(fresh, path);
}

/**
 * The text of a file that `writeOwnFile` wrote. Never waits for a pipe that somebody put there. @throws when it is not
 * a file
 */
export function readOwnFile(path: string): string {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a file`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * The text of a file in DATA_DIR whose content is believed, as a key or as an act; undefined when it is not there.
 * @throws SetupError when it is a link, or `requireOwnFile` does; and as `readFileSync` does when it cannot be read
 */
export function readTrustedFile(path: string): { readonly text: string; readonly mode: number } | undefined {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw planted(path, 'is a link');
    throw error;
  }
  try {
    const { mode } = requireOwnFile(file, path);
    return { text: readFileSync(file, 'utf8'), mode };
  } finally {
    closeSync(file);
  }
}

/**
 * What is open at a path in DATA_DIR has to be a file, of the user of the daemon, of root or of the owner of its
 * folder, and nobody else may write to it: anything else somebody may have planted.
 * @throws SetupError with what to do
 */
export function requireOwnFile(file: number, path: string): Stats {
  const found = requireFile(file, path);
  const owners = [process.geteuid?.() ?? found.uid, 0, statSync(dirname(path)).uid];
  if (!owners.includes(found.uid)) throw planted(path, `belongs to another user (uid ${found.uid})`);
  return found;
}

export function requireFile(file: number, path: string): Stats {
  const found = fstatSync(file);
  if (!found.isFile()) throw new SetupError(`${path} is not a file. Put a file there`);
  if ((found.mode & 0o002) !== 0)
    throw new SetupError(
      `anybody may write to ${path} (mode ${octal(found.mode)}). See that its content is yours, then make it chmod 600`,
    );
  return found;
}

export function planted(path: string, how: string): SetupError {
  return new SetupError(`${path} ${how}, so somebody else may have put it there. See what it is, and remove it`);
}

export function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
