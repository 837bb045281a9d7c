import { readFileSync } from 'node:fs';

/** From package.json, two folders above the compiled file. */
export const version: string = (() => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
})();

/**
 * How health probes name themselves to web servers, so that whoever reads an access log can tell them from visitors.
 */
export const probeUserAgent = `event-sink/${version} (health)`;

/** How the questions about Clowder's resources name themselves, for the same reason. */
export const contextUserAgent = `event-sink/${version} (context)`;
