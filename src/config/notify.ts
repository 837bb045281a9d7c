import type { NotifyConfig } from '../notify/config.js';
import { everyChange } from '../notify/parse-rules.js';
import { seenFor } from '../notify/rule.js';
import { nearest } from '../settings/nearest.js';
import type { ProblemList } from '../settings/problems.js';
import type { NotificationsConfig } from '../sinks/notifications.js';
import { notifyEmailSink } from '../sinks/notify-email.js';
import type { ConfiguredSink } from './sinks.js';

const collector = 'notify';
/** What says which events people want to know of, where there are rules. */
export const notifyRulesSetting = 'notify.rules';

/**
 * The sinks with the one that collects what people want to know as it is meant: on where there is a channel, with rules
 * whose channels are there, and with the events that the rules are about.
 */
export function settleNotify(
  sinks: readonly ConfiguredSink[],
  smtpIsSet: boolean,
  problems: Pick<ProblemList, 'add' | 'about'>,
): readonly ConfiguredSink[] {
  const all = sinks.filter(({ definition }) => definition.notifies).map(({ definition }) => definition.name);
  const hasEmail = sinks.some(({ definition }) => definition.prefix === notifyEmailSink.prefix);
  // One complaint about a setting is enough.
  if (smtpIsSet && !hasEmail && !problems.about('NOTIFY_EMAIL_TO'))
    problems.add('NOTIFY_EMAIL_TO', 'is missing: SMTP_URL alone sends nothing');
  return sinks.flatMap(sink => {
    if (sink.definition.name !== collector) return [sink];
    const { rules: written, ...config } = sink.config as NotificationsConfig;
    if (all.length === 0) {
      if (written.length > 0)
        problems.add(notifyRulesSetting, `has rules, and there is no channel: set ${sink.definition.switchedOnBy}`);
      return [];
    }
    const rules = (written.length === 0 ? [{ ...everyChange, filter: sink.filter }] : written).map(
      ({ to, place, ...rule }) => {
        for (const name of to ?? []) if (!all.includes(name)) problems.add(`${place}.to`, unknown(name, all));
        return { ...rule, channels: to?.filter(name => all.includes(name)) ?? all };
      },
    );
    const settled: NotifyConfig = { ...config, rules };
    return [
      {
        ...sink,
        config: settled,
        filter: seenFor(rules),
        ...(written.length === 0 ? {} : { filterSetting: notifyRulesSetting }),
      },
    ];
  });
}

export function notifyConfigOf(sinks: readonly ConfiguredSink[]): NotifyConfig | undefined {
  return sinks.find(({ definition }) => definition.name === collector)?.config as NotifyConfig | undefined;
}

function unknown(name: string, all: readonly string[]): string {
  const short = (full: string): string => full.replace(/^notify\./, '');
  const like = nearest(short(name), all.map(short));
  return `names "${short(name)}", which is not a channel that is set up (${all.map(short).join(', ')})${like === undefined ? '' : `. Did you mean ${like}?`}`;
}
