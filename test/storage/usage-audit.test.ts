import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import type { AuditCounts } from '../../src/storage/usage-audit.js';
import { type Claim, naiveAudit, type Verdict } from '../usage/naive-audit.js';
import { datasetId, fileId, firefox, UsageScene } from '../usage/scene.js';

const noon = Date.UTC(2026, 2, 15, 12);
const agents = { person: firefox, machine: 'curl/8.5.0', robot: 'Googlebot/2.1' };
const categories = {
  nginx: { view: 'page_view', download: 'resource_download' },
  clowder: { view: 'view_resource', download: 'download' },
  browser: { view: 'browser_page_view', download: 'browser_download' },
};

/** As each source would send it; the log writes when it ended, and how long it took. */
function eventOf(claim: Claim): Event {
  const { id, source, kind, resource, at, login, who, by, status, publications } = claim;
  // A log has the time at which it ended.
  const durationMs = source === 'nginx' ? (at / 500) % 7_000 : 0;
  const created = at + durationMs;
  const url =
    publications === 0 ? `/api/datasets/${datasetId(resource)}/downloadPartial?n=${resource}` : `/x/${resource}`;
  const fields = {
    ...(kind === 'view'
      ? { resource_id: datasetId(resource) }
      : { resource_id: fileId(resource), ...(source === 'nginx' ? {} : { dataset_id: datasetId(1) }) }),
    ...(login === undefined ? {} : { user_id: login }),
    ...(source === 'clowder'
      ? { user_id: login ?? '0'.repeat(24) }
      : { visitor: who, url, user_agent: agents[by], agent_kind: by === 'robot' ? 'crawler' : by }),
    ...(source === 'nginx' ? { status, method: 'GET', duration: durationMs / 1000 } : {}),
    ...(publications > 1 ? { parts: publications } : {}),
  };
  const category = categories[source][kind];
  const type = kind === 'view' ? 'dataset' : 'file';
  return { id, created, category, type, fields: { ...fields, category, type, created }, source, received: created };
}

const claim: fc.Arbitrary<Claim> = fc
  .record({
    source: fc.constantFrom('nginx', 'clowder', 'browser') as fc.Arbitrary<Claim['source']>,
    kind: fc.constantFrom('view', 'download') as fc.Arbitrary<Claim['kind']>,
    resource: fc.constantFrom(1, 1, 2),
    at: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 4000 })).map(n => noon + n * 500),
    login: fc.option(fc.constantFrom('ada', 'carl') as fc.Arbitrary<'ada' | 'carl'>, { nil: undefined }),
    who: fc.constantFrom('v1', 'v2', 'v3'),
    by: fc.constantFrom('person', 'person', 'machine', 'robot') as fc.Arbitrary<Claim['by']>,
    status: fc.constantFrom(200, 200, 200, 499) as fc.Arbitrary<Claim['status']>,
    publications: fc.constantFrom(1, 1, 1, 0, 3),
  })
  .map(({ login, ...one }) => {
    const isLog = one.source === 'nginx';
    const isDownload = one.kind === 'download';
    return {
      ...one,
      id: '',
      ...(login === undefined ? {} : { login }),
      // Clowder knows no agents, and its anonymous people are one.
      ...(one.source === 'clowder' ? { who: 'anonymous', by: 'person' as const } : {}),
      ...(one.source === 'browser' && one.by === 'robot' ? { by: 'person' as const } : {}),
      status: isLog ? one.status : (200 as const),
      publications: isLog && isDownload ? one.publications : 1,
    };
  });

function verdictsAs(
  claims: readonly Claim[],
  verdicts: ReadonlyMap<string, Verdict>,
  control: string,
  counted: string,
) {
  const of = (kind: Claim['kind']): AuditCounts => {
    const side = (source: string) => {
      const own = claims.filter(one => one.source === source && one.kind === kind).map(({ id }) => verdicts.get(id)!);
      const sum = (verdict: Verdict): number => own.filter(one => one === verdict).length;
      const leftOut: Record<string, number> = {};
      for (const verdict of own)
        if (verdict.startsWith('left out: ')) leftOut[verdict.slice(10)] = (leftOut[verdict.slice(10)] ?? 0) + 1;
      const accesses = own.filter(verdict => verdict !== 'left aside').length;
      return { accesses, alone: sum('alone'), repeated: sum('repeated'), incomparable: sum('incomparable'), leftOut };
    };
    const matched = claims.filter(
      ({ id, source, kind: own }) => own === kind && source === counted && verdicts.get(id) === 'matched',
    ).length;
    return { matched, counted: side(counted), control: side(control) };
  };
  return { views: of('view'), downloads: of('download') };
}

test('the audit is what its rules say, in any order and repetition, for any source', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(claim, { minLength: 5, maxLength: 50, size: 'max' }),
      fc.constantFrom('nginx', 'clowder', 'browser') as fc.Arbitrary<'nginx' | 'clowder' | 'browser'>,
      fc.func(fc.integer()),
      async (list, source, order) => {
        const all = list.map((one, index) => ({ ...one, id: `access-${String(index).padStart(3, '0')}` }));
        const scene = new UsageScene({ source });
        const shuffled = [...all, ...all.slice(0, 5)].sort((a, b) => order(a.id) - order(b.id));
        for (const one of shuffled) await scene.take(eventOf(one));
        const [day, ...others] = await scene.usage.audit({ from: 20260301, to: 20260331 });
        assert.is(others.length, 0);
        for (const [control, audit] of Object.entries(day!.controls)) {
          const { views, downloads } = audit;
          const verdicts = naiveAudit(all, source, control);
          assert.equal({ views, downloads }, verdictsAs(all, verdicts, control, source), `${source} and ${control}`);
          const alone = all.filter(({ id }) => verdicts.get(id) === 'alone');
          const groups = ['view', 'download'].flatMap(kind =>
            [source, control].map(name => alone.filter(one => one.kind === kind && one.source === name)),
          );
          const named = groups.flatMap(group =>
            group.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(0, 20),
          );
          assert.equal(audit.examples.map(({ id }) => id).sort(), named.map(({ id }) => id).sort());
        }
      },
    ),
    { numRuns: 150 },
  );
});

test.run();
