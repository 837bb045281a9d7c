import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { programFile } from './program-files.js';

/**
 * What runs was put together from many files. Node can name those in stacks (--enable-source-maps), but reads the map
 * of each file as it loads it, for errors that seldom come; here a map is read when something is to be said. To decode
 * the largest takes a tenth of a second, on the main thread: errors that come in numbers find their places known.
 */

export interface Position {
  /** URL of the file. */
  readonly url: string;
  /** From 0. */
  readonly line: number;
  readonly column: number;
}

/** Where places in compiled files come from. A place stays as it is when no map beside its file says it. */
export function sourcePositions(places: readonly Position[]): Position[] {
  return places.map(place => known.get(textOf(place)) ?? sourceOf(place) ?? place);
}

/** More than one program has places where something goes wrong. */
const maxKnown = 1_000;
/** Sources of places. */
const known = new Map<string, Position>();

function sourceOf(place: Position): Position | undefined {
  const found = mapOf(place.url)?.findEntry(place.line, place.column);
  if (found === undefined) return undefined;
  const source =
    'originalSource' in found
      ? { url: new URL(found.originalSource, place.url).href, line: found.originalLine, column: found.originalColumn }
      : place;
  put(known, textOf(place), source);
  return source;
}

function put<Value>(values: Map<string, Value>, key: string, value: Value): void {
  values.set(key, value);
  const [oldest] = values.keys();
  if (values.size > maxKnown && oldest !== undefined) values.delete(oldest);
}

/** The stack of an error, with the places in the sources. */
export function sourceStack(stack: string): string {
  const lines = stack.split('\n').map(line => ({ line, place: placeIn(line) }));
  const found = sourcePositions(lines.flatMap(({ place }) => place ?? []));
  const texts = lines.map(({ line, place }) => {
    const source = place === undefined ? undefined : found.shift();
    if (place === undefined || source === undefined) return line;
    return line.replace(textOf(place), () => textOf(source));
  });
  return texts.join('\n');
}

/** A line of a stack ends with `file:///PATH:LINE:COLUMN`, in brackets or not, where both count from 1. */
function placeIn(line: string): Position | undefined {
  const numbers = /:(\d+):(\d+)\)?$/.exec(line);
  const from = line.lastIndexOf(compiled);
  if (numbers === null || from < 0) return undefined;
  return { url: line.slice(from, numbers.index), line: Number(numbers[1]) - 1, column: Number(numbers[2]) - 1 };
}

function textOf({ url, line, column }: Position): string {
  return `${url}:${line + 1}:${column + 1}`;
}

const compiled = programFile('dist/').href;

/** Decoded, each takes megabytes: there until memory is collected. */
const maps = new Map<string, WeakRef<SourceMap>>();

/** Texts from elsewhere may look like a stack, too: no other file is opened for them. */
function mapOf(url: string): SourceMap | undefined {
  if (!url.startsWith(compiled)) return undefined;
  const kept = maps.get(url)?.deref();
  if (kept !== undefined) return kept;
  try {
    const map = new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')));
    put(maps, url, new WeakRef(map));
    return map;
  } catch {
    return undefined;
  }
}
