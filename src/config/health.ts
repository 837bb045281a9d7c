import { z } from 'zod';
import type { Problems, Values } from '../settings.js';
import { setting } from '../settings.js';
import { integer, list } from './schemas.js';

export const healthSettings = {
  targets: setting(
    'HEALTH_TARGETS',
    z.union([list(), z.array(z.unknown())]).default(''),
    'What to watch, comma-separated: `name=http(s)://…`, `name=tcp://host:port`, `name=queue:NAME`. The YAML file can say more about each.',
    { example: 'clowder=https://clowder.example.org/healthz', structured: true },
  ),
  intervalSeconds: setting('HEALTH_INTERVAL_SECONDS', integer(1, 86_400).default('60'), 'Between two looks, seconds.'),
  timeoutSeconds: setting(
    'HEALTH_TIMEOUT_SECONDS',
    integer(1, 86_400).default('10'),
    'How long an answer may take, seconds; at most the interval.',
  ),
};

export interface HealthConfig {
  /** As written: strings, or structures from the YAML file. Empty = off. */
  readonly targets: readonly unknown[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export function health(values: Values<typeof healthSettings>, problems: Problems): HealthConfig {
  if (values.timeoutSeconds > values.intervalSeconds) {
    problems.add(
      'HEALTH_TIMEOUT_SECONDS',
      `is ${values.timeoutSeconds}, longer than the interval of ${values.intervalSeconds}. Make it at most HEALTH_INTERVAL_SECONDS`,
    );
  }
  return {
    targets: values.targets,
    intervalMs: values.intervalSeconds * 1000,
    timeoutMs: values.timeoutSeconds * 1000,
  };
}
