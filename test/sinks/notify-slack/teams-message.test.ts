import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isTeams, teamsMessage } from '../../../src/sinks/notify-slack/teams-message.js';
import { change, notification } from '../../notify/messages.js';

test('a Workflow is known by its host', () => {
  for (const host of ['prod-1.westus.logic.azure.com', 'x.environment.api.powerplatform.com', 'a.webhook.office.com'])
    assert.ok(isTeams(new URL(`https://${host}/workflows/1?sig=x`)), host);
  for (const host of ['hooks.slack.com', 'logic.azure.com.example.org', 'notlogic.azure.com'])
    assert.not(isTeams(new URL(`https://${host}/`)), host);
});

test('an adaptive card, below 28 kB however much fell', () => {
  const changes = Array.from({ length: 250 }, (_, index) => change(`service_${index}`));
  const message = teamsMessage(notification('notify.slack', 'id', changes), 'host');
  assert.is(message.type, 'message');
  assert.is(message.attachments[0]?.contentType, 'application/vnd.microsoft.card.adaptive');
  const { content } = message.attachments[0]!;
  assert.is(content.type, 'AdaptiveCard');
  assert.ok(JSON.stringify(message).length < 28_000);
  const texts = content.body.map(part => String((part as { text?: string }).text));
  assert.match(texts[0] ?? '', /^250 services are down: /);
  assert.ok(texts.includes('and 210 more'));
  assert.ok(texts.some(text => text.includes('service\\_0 is down')));
});

test('nor does it grow with long reasons, or with what one cause hides', () => {
  const message = '_'.repeat(1_000);
  const changes = [
    ...Array.from({ length: 60 }, (_, index) => change(`service-${index}`, { message })),
    ...Array.from({ length: 200 }, (_, index) => change(`host-${index}`, { state: 'unknown', causedBy: 'switch' })),
  ];
  const card = teamsMessage(notification('notify.slack', 'id', changes), 'host');
  assert.ok(Buffer.byteLength(JSON.stringify(card)) < 28_000);
  const texts = card.attachments[0]!.content.body.map(part => String((part as { text?: string }).text));
  assert.ok(texts.some(text => text.startsWith('nothing is known of 200 services while switch is down')));
  assert.match(texts.find(text => /^and \d+ more$/.test(text)) ?? '', /5\d/);
});

test('one service has its facts', () => {
  const { content } = teamsMessage(notification('notify.slack', 'id', [change('clowder')]), 'host').attachments[0]!;
  const facts = content.body.flatMap(part => (part as { facts?: { title: string; value: string }[] }).facts ?? []);
  assert.ok(facts.some(({ title, value }) => title === 'Reason' && value === 'connection refused'));
});

test.run();
