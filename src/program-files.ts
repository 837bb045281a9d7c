/** The folder of package.json: what was compiled lies in dist/ beneath it, each file by itself or many in one. */
const top = import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/') + 1);

/** A file that is installed with the program, by its path from the folder of package.json. */
export function programFile(path: string): URL {
  return new URL(path, top);
}
