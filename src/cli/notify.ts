import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import type { Event } from '../events/event.js';
import { ascendingId } from '../events/identity.js';
import { eventOf, notificationOf } from '../notify/notification.js';
import { problemReport } from '../settings/problems.js';
import { runAttempts } from './check/attempt.js';
import { testMessage } from './check/destination.js';
import { report } from './check/report.js';
import { type Command, exitCodes, type Invocation, texts, UsageError } from './command.js';

export const notify: Command = {
  usage: 'notify test [--channel NAME]…',
  description:
    'Sends a test message through each channel for notifications, with the settings of the daemon and without the daemon: mail, chat, webhook.\nPrints a line for each (ok or wrong), then a sentence for each that is wrong: the setting, the reason, what to do.\nExit code 0: every channel has it; 1: one has not; 2: the settings are wrong.',
  options: {
    channel: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      description: 'only through this one: email, slack, webhook, or one under a name of its own, such as slack.ops',
    },
  },
  examples: ['event-sink notify test', 'event-sink notify test --channel email'],
  async run(invocation) {
    const { env, terminal, clock, operands, values } = invocation;
    if (operands.length !== 1 || operands[0] !== 'test') throw new UsageError('use notify test');
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      terminal.err(problemReport(loaded.problems));
      return exitCodes.usage;
    }
    const { config, secrets } = loaded;
    const all = config.sinks.filter(({ definition }) => definition.notifies);
    if (all.length === 0)
      throw new UsageError('no channel is set up: set NOTIFY_EMAIL_TO, NOTIFY_SLACK_URL or NOTIFY_WEBHOOK_URL');
    const names = all.map(({ definition }) => definition.name);
    const wanted = wantedOf(invocation, names);
    const event = testEvent(clock.now(), names, config.notify?.pageUrl);
    const channels = all.filter(({ definition }) => wanted.includes(definition.name));
    const attempts = channels.map(sink => testMessage(sink, config, clock, event));
    const findings = await runAttempts(attempts, clock, secrets);
    if (values.json === true) for (const finding of findings) terminal.out(JSON.stringify(finding));
    else terminal.out(report(findings));
    return findings.some(({ outcome }) => outcome === 'wrong') ? exitCodes.failed : exitCodes.ok;
  },
};

function wantedOf({ values }: Invocation, names: readonly string[]): readonly string[] {
  const given = texts(values, 'channel').map(name => (name.startsWith('notify.') ? name : `notify.${name}`));
  for (const name of given)
    if (!names.includes(name))
      throw new UsageError(
        `--channel must be one of ${names.map(short).join(', ')}, but is "${short(name)}", which is not set up`,
      );
  return given.length === 0 ? names : given;
}

const short = (name: string): string => name.replace(/^notify\./, '');

function testEvent(now: number, channels: readonly string[], pageUrl: string | undefined): Event {
  const id = ascendingId(now);
  const notification = notificationOf({ id, at: now, channels, changes: [], type: 'test', pageUrl });
  const { body, source, received } = eventOf(notification);
  return { id, created: now, category: 'notification', type: 'test', fields: JSON.parse(body), source, received };
}
