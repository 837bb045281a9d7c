import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { everyChange, parseRules } from '../../src/notify/parse-rules.js';

function parsed(...written: readonly unknown[]) {
  const problems: string[] = [];
  const rules = parseRules(written, { add: (name, message) => problems.push(`${name} ${message}`) });
  return { rules, problems };
}

test('a rule with everything', () => {
  const { rules, problems } = parsed({
    events: ['service_status', 'problem.raised'],
    service: ['clowder*', 'portal'],
    severity: 'warning',
    when: 'failure',
    after: '10m',
    again: '4h',
    to: ['email', 'slack.ops', 'notify.webhook'],
  });
  assert.equal(problems, []);
  const [rule] = rules;
  assert.equal(rule?.services, ['clowder*', 'portal']);
  assert.is(rule?.severity, 'warning');
  assert.is(rule?.when, 'failure');
  assert.is(rule?.afterMs, 600_000);
  assert.is(rule?.againMs, 14_400_000);
  assert.equal(rule?.to, ['notify.email', 'notify.slack.ops', 'notify.webhook']);
  assert.ok(rule?.filter.matches({ category: 'problem', type: 'raised' }));
  assert.not(rule?.filter.matches({ category: 'problem', type: 'resolved' }));
});

test('without rules: every change of services and of the daemon, to all', () => {
  assert.is(everyChange.when, 'change');
  assert.is(everyChange.severity, 'info');
  assert.is(everyChange.to, undefined);
  for (const category of ['service_status', 'problem']) assert.ok(everyChange.filter.matches({ category, type: 'x' }));
  assert.not(everyChange.filter.matches({ category: 'health', type: 'http' }));
});

test('everything that is wrong is said at once, with its place', () => {
  const { problems } = parsed(
    'clowder',
    { whn: 'change', severity: 'bad', when: 'sometimes' },
    { after: 0 },
    { after: 'soon', again: '5s', service: [{}], events: '*' },
  );
  assert.equal(problems, [
    'notify.rules[0] must be a mapping, such as {service: clowder, when: change, to: [email]}',
    'notify.rules[1].whn is not a part of a rule. Did you mean when?',
    'notify.rules[1].severity must be one of info, warning, critical, but is "bad"',
    'notify.rules[1].when must be one of always, change, failure, resolved, but is "sometimes"',
    'notify.rules[2].after must be a number of failures from 1 to 1000, or a time such as 10m',
    "notify.rules[3].events '*' is not a category: write a category for all its types, or `all` for everything",
    'notify.rules[3].again must be at least a minute',
    'notify.rules[3].service must be a text, or a list of texts',
    'notify.rules[3].after must be a time such as 90s, 10m, 4h or 1d',
  ]);
});

test('the same rule has the same id, another one another', () => {
  const [a, b, c] = parsed({ when: 'failure' }, { when: 'failure' }, { when: 'change' }).rules;
  assert.is(a?.id, b?.id);
  assert.is.not(a?.id, c?.id);
});

test.run();
