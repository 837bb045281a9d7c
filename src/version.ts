import { readFileSync } from 'node:fs';
import { programFile } from './program-files.js';

/** From package.json. */
export const version: string = (() => {
  const text = readFileSync(programFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
})();

/**
 * How health probes name themselves to web servers, so that whoever reads an access log can tell them from visitors.
 */
export const probeUserAgent = `event-sink/${version} (health)`;

/** How the questions about Clowder's resources name themselves, for the same reason. */
export const contextUserAgent = `event-sink/${version} (context)`;
