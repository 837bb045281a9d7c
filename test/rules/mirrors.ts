import type { Rule } from './rule.js';

/** Rooms of `test/` that are not about one file or folder of the product. */
const rooms = /^test\/(?:chaos|deploy|fuzz|helpers|integration|rules|scripts|upgrade)\//;

/** Tests of what no single file or folder does. This list only shrinks. */
const spanning: ReadonlySet<string> = new Set([
  'test/cli/check/wrong-set-ups.test.ts',
  'test/cli/process.test.ts',
  'test/config/examples.test.ts',
  'test/events/fixtures.test.ts',
  'test/health/daemon.test.ts',
  'test/health/probes/ping-system.test.ts',
  'test/health/probes/queue-rabbitmq.test.ts',
  'test/http/access.test.ts',
  'test/http/answers.test.ts',
  'test/http/client.test.ts',
  'test/http/key-limits.test.ts',
  'test/imports.test.ts',
  'test/linear-cost.test.ts',
  'test/nginx/fixtures.test.ts',
  'test/nginx/upgrade.test.ts',
  'test/page/accessibility.test.ts',
  'test/page/faults.test.ts',
  'test/sinks/distant-hosts.test.ts',
  'test/sinks/mongodb/timeouts.test.ts',
  'test/sinks/scripted.test.ts',
  'test/storage/crash.test.ts',
  'test/storage/disk.test.ts',
  'test/storage/full-disk.test.ts',
  'test/supervisors/daemon.test.ts',
  'test/supervisors/forged-ids.test.ts',
  'test/supervisors/hub.test.ts',
  'test/supervisors/identity.test.ts',
  'test/supervisors/ledger-alarm.test.ts',
  'test/supervisors/named-sinks.test.ts',
]);

export const mirrorRule: Rule = {
  name: 'tests mirror files',
  why: 'The test of a file is found where the file is, and a test whose file has moved or gone is noticed.',
  broken: sources => {
    const paths = new Set(sources.map(({ path }) => path));
    const isThere = (part: string): boolean =>
      paths.has(`${part}.ts`) || sources.some(({ path }) => path.startsWith(`${part}/`));
    return sources
      .filter(({ path }) => /^test\/.*\.test\.ts$/.test(path) && !rooms.test(path) && !spanning.has(path))
      .filter(({ path }) => !isThere(productOf(path)))
      .map(({ path }) => `${path} is there, and ${productOf(path)}.ts is not`);
  },
};

/** The file or folder that a test is about, without its ending. Every sink is tested against one contract. */
function productOf(test: string): string {
  const path = test.replace(/^test\//, '').replace(/(?<=^sinks\/[\w-]+)\/contract\.test\.ts$|\.test\.ts$/, '');
  return /^(?:actors|supervisors)\//.test(path) ? path : `src/${path}`;
}

/** Those on the list that are not there, or need not be on it. */
export function misplacedSpanning(paths: ReadonlySet<string>): string[] {
  return [...spanning].filter(path => !paths.has(path) || paths.has(`${productOf(path)}.ts`));
}
