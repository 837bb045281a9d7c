import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonOf } from '../../src/health/reasons.js';

const coded = (code: string, message = 'raw words') => Object.assign(new Error(message), { code });

test('known codes are put in words, others keep theirs', () => {
  assert.is(reasonOf(coded('ECONNREFUSED')), 'connection refused');
  assert.is(reasonOf(coded('EOTHER')), 'raw words (EOTHER)');
  assert.is(reasonOf(new Error('raw words')), 'raw words');
  assert.is(reasonOf('thrown text'), 'thrown text');
});

test('answers that are not HTTP, and failed handshakes, are named as such', () => {
  assert.is(reasonOf(coded('HPE_INVALID_CONSTANT', 'Expected HTTP/')), 'answer is not HTTP (Expected HTTP/)');
  assert.is(reasonOf(coded('ERR_SSL_TLSV1_ALERT')), 'TLS handshake failed (ERR_SSL_TLSV1_ALERT)');
});

test('when no address of a name can be reached, the first one says why', () => {
  const errors = [coded('ECONNREFUSED'), coded('ENETUNREACH')];
  assert.is(reasonOf(Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' })), 'connection refused');
});

test.run();
