import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const maxTargets = 10;

/**
 * Where a link leads, and where it has led to before; the newest last. When it leads
 * elsewhere, what it led to is found there.
 */
export async function withTarget(path: string, targets: readonly string[]): Promise<readonly string[]> {
  try {
    const target = await realpath(path);
    // A folder above it may be a link as well; that makes no other file of it.
    const own = join(await realpath(dirname(resolve(path))), basename(path));
    if (target === own || target === targets.at(-1)) return targets;
    return [...targets.filter(other => other !== target), target].slice(-maxTargets);
  } catch {
    return targets;
  }
}
