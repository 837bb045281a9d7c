import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

const folders = new Set<string>();

// A file that ends early (a skip, a failure at import) leaves nothing either.
process.on('exit', () => {
  for (const path of folders) removeFolder(path);
});

export function temporaryFolder(owner?: { uid: number; gid: number }): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 't-'));
  if (owner) {
    chownSync(path, owner.uid, owner.gid);
    chmodSync(path, 0o755);
  }
  folders.add(path);
  return {
    path,
    remove() {
      removeFolder(path);
      folders.delete(path);
    },
  };
}

function removeFolder(path: string): void {
  // A server that has just been killed may still have children that write: they get some 8 s.
  rmSync(path, { recursive: true, force: true, maxRetries: 12, retryDelay: 100 });
}
