/** The folder of package.json: what was compiled lies in dist/ beneath it, each file by itself or many in one. */
const top = import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/') + 1);

/** A file that is installed with the program, by its path from the folder of package.json. */
export function programFile(path: string): URL {
  return new URL(path, top);
}

/** What was compiled with this: the folder of one build of the program, or dist/ itself. */
const compiled = /^.*\/dist\/(?:program\/[^/]+\/)?/.exec(import.meta.url)?.[0];

/**
 * What a thread runs, by its path in the sources (`src/storage/writer-worker.js`). Of the same build as whoever begins
 * it: another may have been installed since.
 */
export function threadFile(path: string): URL {
  return new URL(path, compiled);
}
