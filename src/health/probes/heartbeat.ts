import { z } from 'zod';
import { maxScheduleSeconds, type WrittenSchedule } from '../../heartbeats/schedule.js';
import { sampled } from '../sample.js';
import { defineProbe } from './probe.js';

interface HeartbeatAddress {
  readonly heartbeat: string;
}

const rule = 'must be a number of seconds, at most a year';
const seconds = z.number({ message: rule }).min(1, 'must be at least 1 s').max(maxScheduleSeconds, rule).optional();
/** Part of an address of the API, and of messages. */
const nameForm = /^(?!.*:\/\/)[^\p{C}/]{1,128}$/u;

export const heartbeatProbe = defineProbe({
  kind: 'heartbeat',
  schemes: ['heartbeat'],
  form: 'heartbeat:NAME',
  does: 'waits for a job that says by `POST /v1/heartbeats/NAME` that it starts, has ended well or has failed; one that is late, or does not end, is down',
  options: { every: seconds, grace: seconds, runtime: seconds },
  threshold: 1,
  awaits: true,
  samples: { default: 1, max: 1 },
  parse,
  show: ({ heartbeat }) => `heartbeat:${heartbeat}`,
  run: ({ heartbeat }, limits, { heartbeats }) =>
    sampled(async () => {
      const verdict = heartbeats.judge(heartbeat);
      return { reason: verdict?.reason, unknown: verdict?.unknown };
    }, limits),
});

function parse(address: string): HeartbeatAddress | string {
  const heartbeat = address.slice('heartbeat:'.length);
  return isHeartbeatName(heartbeat) ? { heartbeat } : 'must name a heartbeat of 1 to 128 characters, as heartbeat:NAME';
}

export function isHeartbeatName(name: string): boolean {
  return nameForm.test(name);
}

/** The schedules that targets declare, by the name of the heartbeat. */
export function declaredSchedules(
  targets: readonly { readonly probe: { readonly kind: string }; readonly check: object }[],
): ReadonlyMap<string, WrittenSchedule> {
  return new Map(
    targets
      .filter(({ probe }) => probe.kind === 'heartbeat')
      .map(({ check }) => {
        const { heartbeat, every, grace, runtime } = check as HeartbeatAddress & WrittenSchedule;
        return [heartbeat, { every, grace, runtime }];
      }),
  );
}
