import { accessColumnNames } from '../../storage/usage-accesses.js';
import { accessOf } from '../../usage/access.js';
import type { UsageConfig } from '../../usage/config.js';
import { rulesOf } from '../../usage/rules.js';
import type { Note } from '../rendering.js';
import type { Render, RenderTools } from '../sink.js';

const doubleClicks: Note = {
  what: 'of the clicks of one user on one address, each that another follows within 30 seconds is left out',
};

/** The access as it is kept, column by column. @throws SetupError when the list of robots cannot be used */
export function renderUsage(config: UsageConfig, { idSecret }: Pick<RenderTools, 'idSecret'>): Render {
  const rules = rulesOf(config, idSecret);
  return event => {
    const access = accessOf(event, rules);
    if (access === undefined) return { nothing: 'it is not a view or a download of a dataset or file' };
    const kept = Object.fromEntries(accessColumnNames.map((name, column) => [name, access.row[column] ?? null]));
    const { reason } = kept;
    const counted = reason === null;
    return {
      output: { counted, ...(counted ? {} : { reason }), access: kept, items: Object.fromEntries(access.facts) },
      notes: counted ? [doubleClicks] : [],
    };
  };
}
