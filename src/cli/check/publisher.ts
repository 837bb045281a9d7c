import type { Config } from '../../config/config.js';
import { submissionCategory } from '../../usage/submissions.js';
import { type Attempt, WrongError } from './attempt.js';

/** What a report needs beside its figures before a hub takes it. None where there is no hub. */
export function publisher({ sinks, usage }: Pick<Config, 'sinks' | 'usage'>): readonly Attempt[] {
  const hub = sinks.find(({ definition }) => definition.categories?.includes(submissionCategory));
  if (hub === undefined) return [];
  const fix = 'set USAGE_PUBLISHER_ID to the id that the hub knows, such as client-id:datacite.example';
  return [
    {
      dependency: hub.definition.title,
      tried: 'have reports to submit',
      setting: 'USAGE_PUBLISHER_ID',
      fix,
      async run() {
        if (usage === undefined)
          throw new WrongError('usage is not counted', { setting: 'USAGE', fix: 'set USAGE=on, or leave the hub out' });
        if (usage.publisherId === undefined)
          throw new WrongError('the id of the publisher is not set', { setting: 'USAGE_PUBLISHER_ID', fix });
        return `reports of ${usage.publisherId}`;
      },
    },
  ];
}
