import { z } from 'zod';
import { refuse } from '../settings/refuse.js';
import { setting } from '../settings/setting.js';

/** Settings of earlier releases, by name: whoever still has one learns what takes its place. They have no value. */
export const removedSettings = {
  sendNames: removed(
    'ANALYTICS_SEND_NAMES',
    'set AMPLITUDE_PERSONAL and GOOGLE_PERSONAL instead (`none`, the default, for off; `full` for on)',
  ),
};

function removed(name: string, instead: string) {
  return setting(
    name,
    z
      .string()
      .transform((_value, context) => refuse(context, `must be taken out: ${instead}`))
      .optional(),
    instead,
  );
}
