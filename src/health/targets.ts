import type { Problems } from '../settings/setting.js';
import { type Address, parseAddress } from './address.js';
import { type Description, fromText, readDescription } from './description.js';
import { type Check, type Complain, complaints, type Target, type TargetDefaults } from './target.js';

/** Shorter texts are no secrets, and hiding them would make a reason unreadable. */
const shortestSecret = 4;
const pingSamples = 5;
/** As in the older health monitor: a run that loses nearly everything has failed. */
const failedLossPercent = 99;

/**
 * The targets of HEALTH_TARGETS: strings (`name=address`), or structures from the YAML file. What is wrong is reported, all of it,
 * and left out.
 */
export function parseTargets(
  written: readonly unknown[],
  defaults: TargetDefaults,
  problems: Problems,
): readonly Target[] {
  const targets: Target[] = [];
  for (const [index, item] of written.entries()) {
    const complain = complaints(problems, `target ${index + 1}`);
    const description = typeof item === 'string' ? fromText(item, complain) : readDescription(item, complain);
    if (description === undefined) continue;
    const label = `target "${description.name}"`;
    const target = targetOf(description, defaults, complaints(problems, label));
    if (target === undefined) continue;
    if (targets.some(({ name }) => name === target.name)) problems.add('HEALTH_TARGETS', `${label} is there twice`);
    else targets.push(target);
  }
  return targets;
}

function targetOf(description: Description, defaults: TargetDefaults, complain: Complain): Target | undefined {
  const { name, url, expect, headers, ca, interval, samples, threshold, slow, loss, maintenance } = description;
  let wrong = false;
  const problem: Complain = message => {
    wrong = true;
    complain(message);
  };
  const address = parseAddress(url);
  if (typeof address === 'string') {
    problem(address);
    return undefined;
  }
  const { kind } = address.check;
  if (kind !== 'http') {
    for (const key of ['status', 'body', 'json'] as const)
      if (expect?.[key] !== undefined) problem(`cannot expect ${key}: that is for http(s)`);
    if (headers !== undefined) problem('cannot have headers: they are for http(s)');
    if (ca !== undefined) problem('cannot have a ca: it is for https');
  }
  if (kind !== 'queue') {
    for (const key of ['messages', 'consumers'] as const)
      if (expect?.[key] !== undefined) problem(`cannot expect ${key}: that is for queue:NAME`);
  }
  if (kind === 'queue' && samples !== undefined && samples > 1) problem('is a queue, of which one sample is enough');
  const intervalMs = interval === undefined ? defaults.intervalMs : interval * 1000;
  const timeoutMs =
    description.timeout === undefined ? Math.min(defaults.timeoutMs, intervalMs) : description.timeout * 1000;
  if (timeoutMs > intervalMs)
    problem(`has a timeout of ${timeoutMs / 1000} s, longer than its interval of ${intervalMs / 1000} s`);
  if (wrong) return undefined;
  return {
    name,
    check: checkOf(address.check, description),
    address: address.shown,
    intervalMs,
    timeoutMs,
    samples: samples ?? (kind === 'ping' ? pingSamples : 1),
    threshold: typeof threshold === 'object' ? threshold : { down: threshold ?? 2, up: threshold ?? 2 },
    slowMs: slow === undefined ? undefined : slow * 1000,
    lossPercent: loss ?? failedLossPercent,
    maintenance: maintenance ?? [],
    secrets: secretsOf(address.secrets, headers ?? {}),
  };
}

function checkOf(check: Address['check'], { expect, headers, ca }: Description): Check {
  switch (check.kind) {
    case 'http':
      return {
        ...check,
        headers: headers ?? {},
        ca,
        expect: { status: expect?.status ?? [[200, 399]], body: expect?.body, json: expect?.json ?? {} },
      };
    case 'queue':
      return { ...check, expect: { messages: expect?.messages, consumers: expect?.consumers } };
    default:
      return check;
  }
}

/** Longest first, so that none is left over when a shorter one inside it is hidden. */
function secretsOf(ofAddress: readonly string[], headers: Readonly<Record<string, string>>): string[] {
  const ofHeaders = Object.values(headers).flatMap(value => [value, ...value.split(/\s+/).slice(1)]);
  return [...new Set([...ofAddress, ...ofHeaders])]
    .filter(secret => secret.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
}
