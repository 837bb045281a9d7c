import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AcknowledgedMissing } from '../../src/status/acknowledged-missing.js';
import { noCounts } from '../../src/storage/ledger-delta.js';
import { type LedgerReport, ledgerReportOf, ledgerTotal } from '../../src/storage/ledger-report.js';
import { rememberingMemory } from '../helpers/sink-session.js';
import { thrown } from '../helpers/thrown.js';

/** By sink. */
function missing(counts: Readonly<Record<string, number>>): LedgerReport {
  const rows = Object.entries(counts).map(([sink, count]) =>
    ledgerTotal({ sink, hour: null, ...noCounts(), accepted: count }, { pending: 0, missing: count, inexact: null }),
  );
  return ledgerReportOf(rows, []);
}

const seen = ({ balanced, sinks }: LedgerReport) => [balanced, ...sinks.map(row => [row.missing, row.acknowledged])];

test('what is acknowledged stays missing and is no problem; what goes missing later is', async () => {
  const keyValues = rememberingMemory();
  const known = new AcknowledgedMissing(keyValues);
  assert.equal(seen(await known.applyTo(missing({ ga4: 3, mongodb: 5 }))), [false, [3, 0], [5, 0]]);
  assert.is(keyValues.entries.size, 0);
  await known.acknowledge('mongodb', missing({ ga4: 3, mongodb: 5 }));
  assert.equal(seen(await known.applyTo(missing({ ga4: 3, mongodb: 5 }))), [false, [3, 0], [5, 5]]);
  await known.acknowledge('ga4', missing({ ga4: 3, mongodb: 5 }));
  await known.acknowledge('nobody', missing({ ga4: 3, mongodb: 5 }));
  assert.equal([...keyValues.entries.keys()], ['mongodb', 'ga4']);
  const restarted = new AcknowledgedMissing(keyValues);
  assert.equal(seen(await restarted.applyTo(missing({ ga4: 3, mongodb: 5 }))), [true, [3, 3], [5, 5]]);
  assert.equal(seen(await restarted.applyTo(missing({ ga4: 3, mongodb: 6 }))), [false, [3, 3], [6, 5]]);
});

test('what comes after all is taken off, and does not cover others that go missing later', async () => {
  const known = new AcknowledgedMissing(rememberingMemory());
  await known.acknowledge('mongodb', missing({ mongodb: 5 }));
  assert.equal(seen(await known.applyTo(missing({ mongodb: 2 }))), [true, [2, 2]]);
  assert.equal(seen(await known.applyTo(missing({ mongodb: 4 }))), [false, [4, 2]]);
});

test('a disk that could not be read is read again', async () => {
  const keyValues = rememberingMemory();
  await new AcknowledgedMissing(keyValues).acknowledge('mongodb', missing({ mongodb: 5 }));
  let fails = true;
  const get = async (keys: readonly string[]) => {
    if (fails) throw new Error('the disk is gone');
    return keyValues.get(keys);
  };
  const known = new AcknowledgedMissing({ ...keyValues, get });
  assert.match(String(await thrown(known.applyTo(missing({ mongodb: 5 })))), 'the disk is gone');
  fails = false;
  assert.equal(seen(await known.applyTo(missing({ mongodb: 5 }))), [true, [5, 5]]);
});

test.run();
