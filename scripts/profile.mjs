// Where the time went, from the CPU profiles of a folder: for each thread its busiest places, and where nothing was to
// do.
//
//   BENCH_NODE="--cpu-prof --cpu-prof-dir=/tmp/profiles" npm run bench -- http --quick
//   node scripts/profile.mjs /tmp/profiles [SECONDS]
//
// SECONDS: of each thread, left out at the beginning (starting, warming up), 3 by default.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';

const [folder, skipped = '3'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('node scripts/profile.mjs FOLDER [SECONDS]');
  process.exit(2);
}
const shown = 25;
const maps = new Map();

for (const file of readdirSync(folder).filter(name => name.endsWith('.cpuprofile'))) {
  const { self, idle, total } = times(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  if (total - idle < 100_000) continue;
  const busy = total - idle;
  console.log(`\n${file}: busy ${Math.round(busy / 1000)} of ${Math.round(total / 1000)} ms`);
  const largest = [...self].sort(([, a], [, b]) => b - a).slice(0, shown);
  for (const [place, time] of largest) console.log(`${((100 * time) / busy).toFixed(1).padStart(6)} %  ${place}`);
}

/** Microseconds by function, of samples after the beginning. */
function times({ nodes, samples, timeDeltas, startTime }) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const self = new Map();
  let [now, idle, total] = [startTime, 0, 0];
  for (const [index, id] of samples.entries()) {
    const time = timeDeltas[index];
    now += time;
    if (now < startTime + Number(skipped) * 1e6) continue;
    total += time;
    const place = places.get(id);
    if (place === '(idle)') idle += time;
    else self.set(place, (self.get(place) ?? 0) + time);
  }
  return { self, idle, total };
}

/** `JSON.parse` and the like count where they are called: V8 gives them no frame of their own. */
function placeOf({ functionName, url, lineNumber, columnNumber }) {
  if (url === '') return functionName;
  const { originalSource, originalLine = lineNumber } = mapOf(url)?.findEntry(lineNumber, columnNumber) ?? {};
  const source = originalSource === undefined ? url : new URL(originalSource, url).href;
  const file = source
    .replace(`file://${process.cwd()}/`, '')
    .replace(/^file:\/\//, '')
    .replace(/.*\/node_modules\//, '');
  return `${functionName || '(anonymous)'}  ${file}:${originalLine + 1}`;
}

function mapOf(url) {
  if (!maps.has(url)) {
    const path = `${url.replace(/^file:\/\//, '')}.map`;
    maps.set(url, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
  }
  return maps.get(url);
}
