import type { Config } from '../../config/config.js';
import { unsetOf } from '../../usage/hub-report.js';
import { submissionCategory } from '../../usage/submissions.js';
import { type Attempt, WrongError } from './attempt.js';

const fixes = {
  USAGE_PUBLISHER_ID: 'set USAGE_PUBLISHER_ID to the id that the hub knows, such as client-id:datacite.example',
  USAGE_PLATFORM: 'set USAGE_PLATFORM (or USAGE_PUBLISHER): a hub tells by it whose report it has',
} as const;

/** What a report needs beside its figures before a hub takes it. None where there is no hub. */
export function publisher({ sinks, usage }: Pick<Config, 'sinks' | 'usage'>): readonly Attempt[] {
  const hub = sinks.find(({ definition }) => definition.categories?.includes(submissionCategory));
  if (hub === undefined) return [];
  return [
    {
      dependency: hub.definition.title,
      tried: 'have reports to submit',
      setting: 'USAGE_PUBLISHER_ID',
      fix: fixes.USAGE_PUBLISHER_ID,
      async run() {
        if (usage === undefined)
          throw new WrongError('usage is not counted', { setting: 'USAGE', fix: 'set USAGE=on, or leave the hub out' });
        const unset = unsetOf(usage);
        if (unset !== undefined)
          throw new WrongError(`a report needs ${unset.what}`, { setting: unset.setting, fix: fixes[unset.setting] });
        return `reports of ${usage.publisherId}`;
      },
    },
  ];
}
