import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sightingOf } from '../../../src/extractors/jobs/sighting.js';
import { jobIds, recorded, secretKey, sightingsOf, trace } from '../traces.js';

const job = { host: 'https://clowder.example.org', jobid: 'j', id: 'f', datasetId: 'd', filename: 'a.tif' };
const routed = (queue: string) => ({ routed_queues: [queue], properties: { reply_to: 'clowder.x' } });
const published = (body: object, queue = 'q') => sightingOf(trace('publish.', routed(queue), body));
const status = (body: object) => published({ job_id: 'j', extractor_id: 'x', ...body }, 'clowder.x');

test('every recorded copy is of a job, and what is known of it holds no key', () => {
  const sightings = recorded.map(sightingOf);
  assert.is(sightings.filter(sighting => sighting === undefined).length, 0);
  assert.not.match(JSON.stringify(sightings), secretKey);
});

test('a job of Clowder 1, from its queue to its end', () => {
  const sightings = sightingsOf(0);
  const details = {
    jobId: jobIds[0],
    extractor: 'ncsa.sample',
    resourceType: 'file',
    resourceId: '65a89edca4bbe9b699ba4be0',
    resourceName: 'plain.tif',
    datasetId: '65fd8f8b72b6e319f3c4706e',
    size: 48_213,
  };
  const sent = { job: details, retries: 0, answered: true };
  const { jobId, extractor, resourceId } = details;
  const said = { kind: 'status', job: { jobId, extractor, resourceId } };
  assert.equal(sightings, [
    { kind: 'published', queue: 'ncsa.sample', ...sent },
    { kind: 'delivered', again: false, ...sent },
    { ...said, status: 'start', message: 'Started processing.' },
    { ...said, status: 'processing', message: 'half done' },
    { ...said, status: 'done', message: 'Done processing.' },
  ]);
});

test('a job of Clowder 2 is the same', () => {
  const [first] = sightingsOf(4);
  assert.is(first?.kind, 'published');
  assert.equal(
    [first?.job.jobId, first?.job.resourceType, first?.job.resourceName, first?.job.size],
    [jobIds[4], 'file', 'plain2.tif', 48_213],
  );
});

test('a job that failed goes aside, and one that is sent again is counted', () => {
  assert.equal(
    sightingsOf(1).map(({ kind }) => kind),
    ['published', 'delivered', 'status', 'status', 'status', 'failed'],
  );
  const again = sightingsOf(2).filter(sighting => sighting.kind === 'published');
  assert.equal(
    again.map(({ retries }) => retries),
    [0, 1],
  );
});

for (const [what, body, type, id] of [
  ['a file that was added', { routing_key: 'clowder.file.image.tiff' }, 'file', 'f'],
  ['a file that was added to a dataset', { routing_key: 'clowder.dataset.file.added' }, 'dataset', 'd'],
  ['a dataset that somebody sent', { routing_key: 'extractors.q', id: 'd' }, 'dataset', 'd'],
  ['metadata', { routing_key: 'clowder.metadata.added.file', resourceType: 'file', resourceId: 'm' }, 'file', 'm'],
  ['a dataset of Clowder 2', { resource_type: 'dataset', id: undefined, datasetName: 'D' }, 'dataset', 'd'],
] as const) {
  test(`the resource of a job: ${what}`, () => {
    const sighting = published({ ...job, ...body });
    assert.equal([sighting?.job.resourceType, sighting?.job.resourceId], [type, id]);
  });
}

test('the key of a private extractor is not in its name', () => {
  assert.is(published(job, 'private.the-key.ncsa.sample')?.job.extractor, 'ncsa.sample');
  assert.is(published(job, 'error.private.the-key.ncsa.sample')?.kind, 'failed');
});

for (const [text, expected] of [
  ['StatusMessage.start: Started processing.', 'start'],
  ['STARTED: Started processing.', 'start'],
  ['SUCCEEDED', 'done'],
  ['DONE', 'done'],
  ['Skipped: nothing to do', 'skip'],
  ['ERROR: no such file', 'error'],
  ['RESUBMITTED: (#1)', 'retry'],
] as const) {
  test(`the status of an older client: ${text}`, () => {
    const sighting = status({ status: text });
    assert.is(sighting?.kind === 'status' && sighting.status, expected);
  });
}

test('a message of an extractor loses its secrets, and is cut', () => {
  const url = `https://clowder.example.org/api/files/f?key=${secretKey}`;
  const sighting = status({ message_type: 'StatusMessage.error', message: `500 for ${url} ${'x'.repeat(5_000)}` });
  const message = sighting?.kind === 'status' ? sighting.message : undefined;
  assert.match(message ?? '', /^500 for https:.*key=\[hidden\] x+$/);
  assert.is(message?.length, 1_000);
});

test('anything else is nothing', () => {
  const unrouted = { routed_queues: [], properties: {} };
  for (const other of [
    trace('publish.', unrouted, job),
    trace('publish.clowder.metrics', routed('q'), job),
    trace('publish.', routed('q'), { ...job, jobid: undefined }),
    trace('publish.', routed('q'), { ...job, jobid: { $oid: 'j' } }),
    trace('publish.', routed('q'), { ...job, host: undefined }),
    trace('publish.', routed('q'), 'no "jobid" here'),
    trace('publish.', routed('q'), '["jobid"]'),
    trace('publish.', routed('q'), { ...job, filler: 'x'.repeat(2 ** 21) }),
    trace('publish.', routed('clowder.x'), { job_id: 'j', extractor_id: 'x', status: 'WHO KNOWS' }),
    trace('publish.', routed('clowder.x'), { job_id: 'j', extractor_id: 'x', status: 'Done with page 1' }),
    trace('publish.', routed('clowder.x'), { job_id: 'j', extractor_id: 'x', message_type: '__proto__' }),
  ])
    assert.is(sightingOf(other), undefined, other.content.toString('utf8', 0, 200));
});

test('whatever passes, it never throws', () => {
  fc.assert(
    fc.property(fc.constantFrom('publish.', 'deliver.q', 'deliver.'), fc.jsonValue(), fc.jsonValue(), (key, a, b) => {
      const headers = { routed_queues: a, properties: b, redelivered: a };
      for (const body of [b, { ...job, job_id: a, fileSize: b, status: a, extractor_id: 'x' }])
        assert.not.throws(() => sightingOf(trace(key, headers, { '"job': 1, ...(body as object) })));
    }),
    { numRuns: 300 },
  );
});

test.run();
