import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActorStatus } from '../../src/status/board.js';
import { extractionProblems } from '../../src/status/extraction-problems.js';

const well: ActorStatus = {
  path: 'ingress/extractions',
  state: 'running',
  since: 5,
  restarts: 0,
  lastError: { fault: 'setup', message: 'an older one', at: 1 },
  nextTry: undefined,
  detail: { tracing: 'on', queued: 3, working: 1, stuck: 0 },
};
const off = { fault: 'setup', message: 'tracing is off in RabbitMQ', at: 5 } as const;

test('nothing is wrong with what is heard, whatever was wrong before; and nothing with other actors', () => {
  assert.equal(extractionProblems(well), []);
  assert.equal(extractionProblems({ ...well, path: 'ingress/extractors', state: 'holding' }), []);
});

test('tracing that is off comes with the command to run', () => {
  const detail = { ...well.detail, tracing: 'off', command: 'rabbitmqctl trace_on -p /' };
  const [problem, ...others] = extractionProblems({ ...well, state: 'holding', lastError: off, detail });
  assert.equal(others, []);
  assert.is(problem?.what, 'Extractions are not followed: tracing is off in RabbitMQ.');
  assert.match(problem?.fix ?? '', 'On the server of RabbitMQ: rabbitmqctl trace_on -p /.');
  assert.is(problem?.since, 5);
});

test('what a lost connection needs is time', () => {
  const lastError = { fault: 'transient', message: 'the connection to RabbitMQ is lost', at: 5 } as const;
  const [problem] = extractionProblems({ ...well, state: 'holding', lastError });
  assert.match(problem?.fix ?? '', /waits there.*tries again by itself/);
});

test('stuck extractions are counted, and the oldest is named', () => {
  const detail = { ...well.detail, stuck: 2, stuck_job: 'j1', stuck_extractor: 'ncsa.sample' };
  const [problem] = extractionProblems({ ...well, detail });
  assert.match(problem?.what ?? '', /2 extractions for too long: the oldest is job j1 of ncsa.sample/);
});

test.run();
