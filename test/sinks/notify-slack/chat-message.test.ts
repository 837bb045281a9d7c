import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chatMessage } from '../../../src/sinks/notify-slack/chat-message.js';
import { change, notification } from '../../notify/messages.js';

test('one service: what, since when, why, and where to look', () => {
  const { text, attachments } = chatMessage(notification('notify.slack', 'id', [change('clowder')]), 'host-1');
  assert.is(text, 'clowder is down.');
  assert.is(attachments[0]?.color, '#d92d20');
  const lines = attachments[0]?.text.split('\n') ?? [];
  assert.is(lines[0], '*clowder is down.*');
  assert.match(lines[1] ?? '', /^Since: 14 Mar 2026, \d\d:14:14 \S+$/);
  assert.ok(lines.includes('Reason: connection refused'));
  assert.ok(lines.includes('Checked: https://clowder.example.org/healthz'));
  assert.is(lines.at(-1), 'Where to look: the page of event-sink on host-1');
});

test('many services: a line each, up to what a chat shows', () => {
  const changes = Array.from({ length: 250 }, (_, index) => change(`service-${index}`));
  const { attachments } = chatMessage(notification('notify.slack', 'id', changes), 'host');
  const lines = attachments[0]?.text.split('\n') ?? [];
  assert.is(lines.filter(line => line.startsWith('• ')).length, 40);
  assert.ok(lines.includes('and 210 more'));
  assert.ok((attachments[0]?.text.length ?? 0) < 8_000);
});

test('what one cause hides is one line with its number, and long reasons leave less room', () => {
  const message = 'x'.repeat(1_000);
  const changes = [
    ...Array.from({ length: 60 }, (_, index) => change(`service-${index}`, { message })),
    ...Array.from({ length: 200 }, (_, index) => change(`host-${index}`, { state: 'unknown', causedBy: 'switch' })),
  ];
  const { attachments } = chatMessage(notification('notify.slack', 'id', changes), 'host');
  const lines = attachments[0]?.text.split('\n') ?? [];
  assert.ok(lines.some(line => line.startsWith('• nothing is known of 200 services while switch is down')));
  const rows = lines.filter(line => line.startsWith('• service-')).length;
  assert.ok(rows > 5 && lines.includes(`and ${60 - rows} more`));
  assert.ok((attachments[0]?.text.length ?? 0) < 13_000);
});

test('words of a service make no link and call nobody', () => {
  const hostile = change('clowder', { message: '<!channel> @all <https://evil.example|look> & more' });
  const { attachments } = chatMessage(notification('notify.slack', 'id', [hostile]), 'host');
  const text = attachments[0]?.text ?? '';
  assert.not.match(text, /<!channel>|@all|<https:\/\/evil/);
  assert.match(text, /&lt;!channel&gt; @\u200ball/);
});

test.run();
