import { randomBytes } from 'node:crypto';
import { open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../reasons.js';
import type { Probe, Sample } from '../sample.js';
import type { FileCheck } from '../target.js';

const writtenBytes = 1024;

/**
 * Writes a file of our own (in the folder, or beside the name that was given), syncs it to the disk, reads it back and deletes it.
 * A file system that hangs (NFS) cannot be interrupted: while one write hangs, no other is begun.
 */
export function fileProbe({ path }: FileCheck): Probe {
  let hanging: Promise<Sample> | undefined;
  return async signal => {
    if (hanging !== undefined) return { reason: 'the write of an earlier check hangs' };
    const look = writeAndRead(path).finally(() => {
      hanging = undefined;
    });
    hanging = look;
    return Promise.race([look, late(signal)]);
  };
}

async function writeAndRead(path: string): Promise<Sample> {
  const began = performance.now();
  let mine: string | undefined;
  try {
    const suffix = `event-sink-${randomBytes(6).toString('hex')}`;
    const name = (await isFolder(path)) ? join(path, `.${suffix}`) : `${path}.${suffix}`;
    const written = randomBytes(writtenBytes);
    const file = await open(name, 'wx+', 0o600);
    mine = name;
    try {
      await file.write(written, 0, writtenBytes, 0);
      await file.sync();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(writtenBytes), 0, writtenBytes, 0);
      if (bytesRead !== writtenBytes || !buffer.equals(written)) return { reason: 'what was written reads otherwise' };
    } finally {
      await file.close();
    }
    await unlink(name);
    mine = undefined;
    return { reason: undefined, seconds: (performance.now() - began) / 1000, readings: { bytes: writtenBytes } };
  } catch (error) {
    return { reason: reasonOf(error) };
  } finally {
    if (mine !== undefined) await unlink(mine).catch(() => undefined);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function late(signal: AbortSignal): Promise<Sample> {
  return new Promise(resolve =>
    signal.addEventListener('abort', () => resolve({ reason: 'writing, or reading back' }), { once: true }),
  );
}
