import { randomBytes } from 'node:crypto';
import { open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { failureOf } from '../reasons.js';
import { type Sample, sampled, type TakeSample } from '../sample.js';
import { wholeNumber, yesOrNo } from '../values.js';
import { examine, isExpected } from './file/look.js';
import { defineProbe } from './probe.js';

interface FileAddress {
  /** A folder, or a name beside which to write. */
  readonly path: string;
}

const writtenBytes = 1024;
const maxSize = Number.MAX_SAFE_INTEGER;

export const fileProbe = defineProbe({
  kind: 'file',
  schemes: ['file'],
  form: 'file:PATH',
  does: 'writes a file of its own in the folder or beside the name, syncs it, reads it back and deletes it; with an `expect` it only looks at the file, or at the newest one of the folder',
  expect: {
    exists: yesOrNo.optional(),
    max_age: wholeNumber(1, 10 * 366 * 86_400).optional(),
    min_size: wholeNumber(0, maxSize).optional(),
    max_size: wholeNumber(0, maxSize).optional(),
  },
  readings: ['bytes'],
  parse,
  show: ({ path }) => `file:${path}`,
  run: ({ path, expect }, limits, { clock }) =>
    sampled(
      isExpected(expect)
        ? alone('look', () => examine(path, expect, clock.now()))
        : alone('write', () => writeAndRead(path)),
      limits,
    ),
});

function parse(address: string): FileAddress | string {
  const path = address.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/') || path.includes('\0')) return 'must name a path from the root, as file:/path';
  return { path };
}

/** A file system that hangs (NFS) cannot be interrupted: while one try hangs, no other is begun. */
function alone(what: 'look' | 'write', take: () => Promise<Sample>): TakeSample {
  let hanging: Promise<Sample> | undefined;
  return async signal => {
    if (hanging !== undefined) return { reason: `the ${what} of an earlier check hangs` };
    const sample = take().finally(() => {
      hanging = undefined;
    });
    hanging = sample;
    return Promise.race([sample, late(signal, what)]);
  };
}

async function writeAndRead(path: string): Promise<Sample> {
  const began = performance.now();
  let created: string | undefined;
  try {
    const suffix = `event-sink-${randomBytes(6).toString('hex')}`;
    const name = (await isFolder(path)) ? join(path, `.${suffix}`) : `${path}.${suffix}`;
    const written = randomBytes(writtenBytes);
    const file = await open(name, 'wx+', 0o600);
    created = name;
    try {
      await file.write(written, 0, writtenBytes, 0);
      await file.sync();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(writtenBytes), 0, writtenBytes, 0);
      if (bytesRead !== writtenBytes || !buffer.equals(written))
        return { reason: 'what was read back differs from what was written' };
    } finally {
      await file.close();
    }
    await unlink(name);
    created = undefined;
    return { reason: undefined, seconds: (performance.now() - began) / 1000, readings: { bytes: writtenBytes } };
  } catch (error) {
    return failureOf(error);
  } finally {
    if (created !== undefined) await unlink(created).catch(() => undefined);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function late(signal: AbortSignal, what: 'look' | 'write'): Promise<Sample> {
  const reason = what === 'write' ? 'writing, or reading back' : 'looking at it';
  return new Promise(resolve => signal.addEventListener('abort', () => resolve({ reason }), { once: true }));
}
