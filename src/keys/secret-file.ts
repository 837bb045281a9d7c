import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from '../errors.js';
import { octal, readTrustedFile, requireFile } from '../storage/own-files.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Whoever reads a file of ours wants to know that others could, too. */
export type OnOpenFile = (sentence: string) => void;

/**
 * The trimmed text of a secret in DATA_DIR, which need not be there. One that others can read is reported to `onOpen`.
 * @throws as `readTrustedFile` does
 */
export function readSecretFile(path: string, onOpen: OnOpenFile = () => {}): string | undefined {
  const found = readTrustedFile(path);
  if (found === undefined) return undefined;
  if ((found.mode & 0o077) !== 0) onOpen(`others can read ${path} (mode ${octal(found.mode)}). Make it chmod 600`);
  return found.text.trim();
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
