import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Attempt, NotTried, runAttempts, WrongError } from '../../../src/cli/check/attempt.js';
import { report } from '../../../src/cli/check/report.js';
import { systemClock } from '../../../src/clock.js';
import { SetupError } from '../../../src/errors.js';

const attempt = (run: Attempt['run']): Attempt => ({
  dependency: 'thing',
  tried: 'use it',
  setting: 'THING',
  fix: 'mind the thing',
  run,
});
const failing = (error: Error): Attempt => attempt(() => Promise.reject(error));

test('each outcome, with the advice that fits', async () => {
  const findings = await runAttempts(
    [
      attempt(async () => 'fine'),
      failing(new NotTried('nobody is there')),
      failing(new Error('broken')),
      failing(new SetupError('broken: correct THING')),
      failing(new WrongError('broken', { setting: 'OTHER', fix: 'mind the other' })),
    ],
    systemClock,
  );
  assert.equal(
    findings.map(({ outcome, result, setting, fix }) => [outcome, result, setting, fix]),
    [
      ['ok', 'fine', '', ''],
      ['not tried', 'nobody is there', '', ''],
      ['wrong', 'broken', 'THING', 'mind the thing'],
      ['wrong', 'broken: correct THING', 'THING', ''],
      ['wrong', 'broken', 'OTHER', 'mind the other'],
    ],
  );
  assert.equal(report(findings).split('\n'), [
    'ok         thing  use it: fine',
    'not tried  thing  use it: nobody is there',
    'wrong      thing  use it: see below',
    'wrong      thing  use it: see below',
    'wrong      thing  use it: see below',
    '',
    'What to do:',
    '  THING: broken: mind the thing.',
    '  THING: broken: correct THING.',
    '  OTHER: broken: mind the other.',
  ]);
});

test('an attempt that ignores the signal is given up', async () => {
  const deaf = attempt(() => new Promise(() => {}));
  const [finding] = await runAttempts([deaf], { ...systemClock, sleep: async () => {} });
  assert.is(finding?.outcome, 'wrong');
  assert.is(finding?.result, 'no answer within 18 s');
});

test('no secret is shown, wherever it stands', async () => {
  const secret = 'hunter22';
  const error = new WrongError(`${secret} is refused`, { setting: 'THING', fix: `not ${secret}` });
  const findings = await runAttempts([{ ...failing(error), tried: `use ${secret}` }], systemClock, [secret]);
  assert.not.match(JSON.stringify(findings) + report(findings), secret);
});

test.run();
