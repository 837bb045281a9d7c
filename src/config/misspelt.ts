import { editDistance } from '../settings/nearest.js';
import type { SettingProblem } from '../settings/problems.js';

/**
 * Variables that look like a setting misspelt. Short names (HOME is not HOST) and names at a distance belong to others.
 */
export function misspelt(
  env: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): readonly SettingProblem[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value || known.has(name) || !name.includes('_')) return [];
    const like = [...known].find(each => Math.abs(each.length - name.length) <= 2 && editDistance(name, each) <= 2);
    return like === undefined ? [] : [{ name, message: `is set, but is not a setting. Did you mean ${like}?` }];
  });
}
