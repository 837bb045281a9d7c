// Where a build is put so that a daemon that runs meanwhile goes on with its own: each build in a folder of its own,
// dist/program/HASH/, with everything that is loaded later (threads too); dist/src/main.js names the one that the next
// start takes, and is written last.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { licences } from './licences.mjs';

/** The newest build and those before it: whoever builds twice before a restart takes nothing from what runs. */
const keptBuilds = 3;

/**
 * Puts what esbuild made, with `write: false` and `metafile: true`, beside the builds before it, then switches to it.
 * All results have the same `outdir`, a folder in `dist/program/`, and one of them makes `src/main.js`.
 */
export function installProgram(results, dist = 'dist') {
  const programs = join(dist, 'program');
  const files = contents(results, join(programs, 'build'));
  const name = hashOf(files);
  const folder = join(programs, name);
  writeWhole(folder, files);
  // The newest, also when it was built before.
  utimesSync(folder, new Date(), new Date());
  switchTo(name, join(dist, 'src/main.js'));
  // What npm packs is the newest alone.
  replace(join(programs, '.npmignore'), `/*\n!/${name}/\n`);
  removeOld(programs, folder);
}

/** By their paths in the folder of the build. */
function contents(results, outdir) {
  const outputs = results.flatMap(({ outputFiles }) => outputFiles);
  const files = outputs.map(({ path, contents }) => [relative(resolve(outdir), path), contents]);
  return new Map([...files.sort(([one], [other]) => (one < other ? -1 : 1)), ['LICENSES.txt', licences(results)]]);
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const [path, content] of files) hash.update(`${path}\n${content.length}\n`).update(content);
  return hash.digest('hex').slice(0, 16);
}

/** The folder is there with all of its files, or not at all, whoever builds at the same time and however that ends. */
function writeWhole(folder, files) {
  if (isFolder(folder)) return;
  const unfinished = `${folder}-${randomUUID()}`;
  try {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(unfinished, path)), { recursive: true });
      writeFileSync(join(unfinished, path), content);
    }
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!isFolder(folder)) throw error;
  }
}

/** What is started, before the compiler writes its own form of src/main.ts there; undefined where nothing was built. */
export function entryOf(dist = 'dist') {
  return textOf(join(dist, 'src/main.js'));
}

export function keepEntry(text, dist = 'dist') {
  if (text !== undefined) replace(join(dist, 'src/main.js'), text, 0o755);
}

function switchTo(name, entry) {
  mkdirSync(dirname(entry), { recursive: true });
  replace(entry, `#!/usr/bin/env node\nimport '../program/${name}/src/main.js';\n`, 0o755);
}

/** Never half written, and untouched when it says so already. */
function replace(path, text, mode = 0o644) {
  if (textOf(path) === text) return;
  const unfinished = `${path}-${randomUUID()}`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, path);
}

/** The newest is known by its path: a clock that was set back makes it look old. */
function removeOld(programs, newest) {
  const builds = readdirSync(programs, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => join(programs, name))
    .filter(path => path !== newest)
    .map(path => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  builds.sort((one, other) => other.at - one.at);
  for (const { path } of builds.slice(keptBuilds - 1)) rmSync(path, { recursive: true, force: true });
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
