import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from '../errors.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Whoever reads a file of ours wants to know that others could, too. */
export type OnOpenFile = (sentence: string) => void;

/**
 * The trimmed text of a secret in DATA_DIR, which need not be there. It has to be a file, no link, of the user of the
 * daemon, of root or of the owner of its folder, and nobody else may write to it: anything else somebody may have
 * planted. One that others can read is reported to `onOpen`.
 * @throws SetupError with what to do, and as `readFileSync` does when it cannot be read
 */
export function readSecretFile(path: string, onOpen: OnOpenFile = () => {}): string | undefined {
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
    const { mode, uid } = requireFile(file, path);
    const owners = [process.geteuid?.() ?? uid, 0, statSync(dirname(path)).uid];
    if (!owners.includes(uid)) throw planted(path, `belongs to another user (uid ${uid})`);
    if ((mode & 0o077) !== 0) onOpen(`others can read ${path} (mode ${octal(mode)}). Make it chmod 600`);
    return readFileSync(file, 'utf8').trim();
  } finally {
    closeSync(file);
  }
}

/**
 * The text of a file that an operator keeps; links are followed, as Kubernetes makes them.
 * @throws SetupError when it is no file, or anybody may write to it; and as `readFileSync` does
 */
export function readOperatorFile(path: string): string {
  const file = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    requireFile(file, path);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * For its owner's eyes only, and durable; under another name first, so that a crash leaves no half a secret. A file or
 * link that lies there is replaced, never written through.
 */
export function writeSecretFile(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  if (lstatSync(fresh, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new SetupError(`${fresh} is a folder. Remove it`);
  rmSync(fresh, { force: true });
  const file = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  const entry = openSync(folder, 'r');
  try {
    fsyncSync(entry);
  } finally {
    closeSync(entry);
  }
}

function requireFile(file: number, path: string): { readonly mode: number; readonly uid: number } {
  const found = fstatSync(file);
  if (!found.isFile()) throw new SetupError(`${path} is not a file. Put a file there`);
  if ((found.mode & 0o002) !== 0)
    throw new SetupError(
      `anybody may write to ${path} (mode ${octal(found.mode)}). See that its content is yours, then make it chmod 600`,
    );
  return found;
}

function planted(path: string, how: string): SetupError {
  return new SetupError(`${path} ${how}, so somebody else may have put it there. See what it is, and remove it`);
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
