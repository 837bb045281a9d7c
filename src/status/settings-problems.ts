import type { SettingsStatus } from '../config/running.js';
import type { ActorStatus } from './board.js';
import { type FoundProblem, withoutStop } from './found-problem.js';

/** What people have to do about settings that were changed. */
export function settingsProblems(settings: SettingsStatus, actors: readonly ActorStatus[]): readonly FoundProblem[] {
  const { problems, needsRestart, read } = settings;
  const found: FoundProblem[] = [];
  if (problems.length > 0) {
    const all = problems.map(({ name, message }) => `${name} ${withoutStop(message)}`).join('; ');
    found.push({
      key: 'settings refused',
      what: `The settings were changed and cannot be used: ${all}${all.endsWith('?') ? '' : '.'}`,
      since: read,
      fix: 'Nothing of the change is in force; the daemon runs as before, and would not start with these. Correct them: a file is read again by itself.',
    });
  }
  if (needsRestart.length > 0)
    found.push({
      key: 'settings waiting',
      what: `Changed, but not in force before the next start: ${needsRestart.join(', ')}.`,
      since: undefined,
      fix: 'Restart the daemon when it suits you; or take the change back.',
    });
  for (const { path, state, lastError, detail } of actors) {
    if (state !== 'holding' || detail.unstarted !== true || lastError === undefined) continue;
    found.push({
      key: path,
      what: `${path} could not be started with its new settings: ${withoutStop(lastError.message)}.`,
      since: undefined,
      fix: 'It is tried again by itself, and its events wait. See to what keeps it from starting.',
    });
  }
  return found;
}
