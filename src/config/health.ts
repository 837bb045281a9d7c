import { z } from 'zod';
import { isZone } from '../availability/zone.js';
import { probes } from '../health/probes/registry.js';
import type { Target } from '../health/target.js';
import { parseTargets, type TargetDefaults } from '../health/targets.js';
import { type Proxies, proxySettingFor } from '../outgoing.js';
import { list } from '../settings/lists.js';
import { integer } from '../settings/numbers.js';
import type { ProblemList } from '../settings/problems.js';
import type { Values } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import { boolean, text } from '../settings/words.js';

export const healthSettings = {
  targets: setting(
    'HEALTH_TARGETS',
    z.union([list(), z.array(z.unknown())]).default(''),
    `What to watch, comma-separated: ${probes.map(({ form }) => `\`name=${form}\``).join(', ')}. The YAML file can say more about each.`,
    { example: 'clowder=https://clowder.example.org/healthz', structured: 'typed' },
  ),
  intervalSeconds: setting(
    'HEALTH_INTERVAL_SECONDS',
    integer(1, 86_400).default('60'),
    'Time from one check of a target to the next, seconds.',
  ),
  timeoutSeconds: setting(
    'HEALTH_TIMEOUT_SECONDS',
    integer(1, 86_400).optional(),
    'How long an answer may take, seconds; at most the interval. Default: 10, or the interval when that is shorter.',
  ),
  recheckSeconds: setting(
    'HEALTH_RECHECK_SECONDS',
    integer(1, 86_400).optional(),
    'Time to the next check after one that was worse than what is known, seconds, until that is decided. Default: the interval.',
  ),
  zone: setting(
    'HEALTH_TIMEZONE',
    text().refine(isZone, 'must be a time zone, such as America/Chicago').default('UTC'),
    'Time zone whose clock says which hours of other weeks are the same: what came in during an outage is compared with those.',
  ),
  statusPage: setting(
    'STATUS_PAGE',
    boolean().default('off'),
    'A page for everybody at /status, without a key: how the services are and were. Targets with `public: false` in the YAML file are not on it.',
    { needsRestart: true },
  ),
};

export interface HealthConfig {
  /** Empty = off. */
  readonly targets: readonly Target[];
  /** For targets that make themselves. */
  readonly defaults: TargetDefaults;
  /** Everybody may see how the services are. */
  readonly statusPage: boolean;
  /** In which an hour of a week is the same in another. */
  readonly zone: string;
}

export function health(
  values: Values<typeof healthSettings>,
  proxies: Pick<Proxies, 'http' | 'https'>,
  problems: Pick<ProblemList, 'add' | 'about'>,
): HealthConfig {
  const {
    targets,
    intervalSeconds,
    timeoutSeconds = Math.min(10, intervalSeconds),
    recheckSeconds,
    statusPage,
    zone,
  } = values;
  if (timeoutSeconds > intervalSeconds) {
    problems.add(
      'HEALTH_TIMEOUT_SECONDS',
      `is ${timeoutSeconds}, longer than the interval of ${intervalSeconds}. Make it at most HEALTH_INTERVAL_SECONDS`,
    );
  }
  const defaults = {
    intervalMs: intervalSeconds * 1000,
    timeoutMs: timeoutSeconds * 1000,
    recheckMs: recheckSeconds === undefined ? undefined : recheckSeconds * 1000,
  };
  const parsed = parseTargets(targets, defaults, problems);
  for (const { name, probe, check } of parsed) {
    const url = probe.proxied?.(check);
    if (url === undefined || (url.protocol === 'https:' ? proxies.https : proxies.http) !== undefined) continue;
    const missing = proxySettingFor(url);
    // One complaint about a setting is enough.
    if (!problems.about(missing))
      problems.add('HEALTH_TARGETS', `target "${name}" has proxy: true, and ${missing} is not set`);
  }
  return { targets: parsed, defaults, statusPage, zone };
}
