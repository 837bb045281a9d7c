import { readFileSync } from 'node:fs';
import { describe, SetupError } from '../errors.js';
import type { Rules } from './access.js';
import { Agents } from './agents.js';
import type { UsageConfig } from './config.js';
import { keyedBy, remembering } from './keys.js';
import { type IsRobot, parseRobots } from './robots.js';

/**
 * What decides what counts, as it is configured now.
 * @throws SetupError when the list of robots cannot be used
 */
export function rulesOf({ source = 'clowder', robotsFile, closeMs }: UsageConfig, idSecret: string): Rules {
  const agents = new Agents(robotsFile === undefined ? undefined : readRobots(robotsFile));
  const keyOf = keyedBy(idSecret);
  return { source, agents, keyOf, placeKeyOf: remembering(keyOf), closeMs };
}

function readRobots(path: string): IsRobot {
  try {
    return parseRobots(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SetupError(`the list of robots ${path} cannot be used: ${describe(error)} (set USAGE_ROBOTS_FILE)`);
  }
}
