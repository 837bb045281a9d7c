import type { CountryStatus } from '../geoip/countries.js';
import { type FoundProblem, withoutStop } from './found-problem.js';

/** The database of countries cannot be used. */
export function countryProblems({ obstacle }: CountryStatus): FoundProblem[] {
  if (obstacle === null) return [];
  const { path, older, since } = obstacle;
  const reason = withoutStop(obstacle.reason);
  const name = path === null ? 'that is installed with event-sink' : `${path} (GEOIP_DATABASE)`;
  const what = older
    ? `Countries of events are those of an older database: what is now in ${name} cannot be used: ${reason}.`
    : `Events say no country: the database ${name} cannot be used: ${reason}.`;
  const fix =
    path === null
      ? 'No event waits for it. Install event-sink again with its dependencies, or set GEOIP_DATABASE=off to do without.'
      : 'No event waits for it. Put a database of countries or cities in MaxMind’s format (.mmdb) there: the daemon notices by itself. GEOIP_DATABASE=off does without.';
  return [{ key: 'geoip', what, since, fix }];
}
