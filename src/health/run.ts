import type { Broker } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { assertNever } from '../errors.js';
import { fileProbe } from './probes/file.js';
import { httpProbe } from './probes/http.js';
import { pingRun } from './probes/ping.js';
import { queueProbe } from './probes/queue.js';
import { tcpProbe } from './probes/tcp.js';
import { type Run, sampled } from './sample.js';
import type { Target } from './target.js';

export interface RunTools {
  readonly broker: Pick<Broker, 'inspect' | 'kind'>;
  readonly clock: Clock;
}

/** How a target is looked at. */
export function runOf(target: Target, { broker, clock }: RunTools): Run {
  const { check } = target;
  switch (check.kind) {
    case 'http':
      return sampled(httpProbe(check, clock.now), target);
    case 'tcp':
      return sampled(tcpProbe(check), target);
    case 'queue':
      return sampled(queueProbe(check, broker), target);
    case 'file':
      return sampled(fileProbe(check), target);
    case 'ping':
      return pingRun(check, target);
    default:
      return assertNever(check);
  }
}
