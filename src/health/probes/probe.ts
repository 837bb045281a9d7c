import type { LookupFunction } from 'node:net';
import type { z } from 'zod';
import type { Broker } from '../../broker/broker.js';
import type { Clock } from '../../clock.js';
import type { FieldName } from '../../events/fields.js';
import type { Heartbeats } from '../../heartbeats/heartbeats.js';
import type { Outgoing } from '../../outgoing.js';
import type { Run, SamplingLimits } from '../sample.js';

/**
 * A probe is one file with one constant of this type, and one line in the registry. Schemes, what the YAML file may say
 * of a target, the messages about what it says wrongly, the settings' help text and the table in docs/health.md are
 * derived from it.
 */
export interface ProbeDefinition<
  Address extends object = object,
  Options extends z.ZodRawShape = z.ZodRawShape,
  Expect extends z.ZodRawShape = z.ZodRawShape,
> {
  /** Lower case; `type` of the `health` events. */
  readonly kind: string;
  /** What an address begins with, before the colon; lower case. No other probe has them. */
  readonly schemes: readonly string[];
  /** An address as messages and documents show it: `tcp://host:port`. */
  readonly form: string;
  /** What a run does, for docs/health.md: a clause without a full stop. */
  readonly does: string;
  /** Keys of a target in the YAML file that only this probe takes. */
  readonly options?: Options;
  /** Keys of its `expect`. */
  readonly expect?: Expect;
  /** What it measures beside the response time, by the fields of the event. */
  readonly readings?: readonly FieldName[];
  /** The readings that `service_status` events carry as well. */
  readonly changesCarry?: readonly FieldName[];
  /** How many results in a row make a state, where a target does not say; 2 by default. */
  readonly threshold?: number;
  /** It waits for what others send: until that came for the first time, nothing is known, and nothing is wrong. */
  readonly awaits?: true;
  /** How many samples make a run, and how many may; 1 and 100 by default. */
  readonly samples?: { readonly default: number; readonly max: number };
  /**
   * Takes an address apart. Never throws.
   * @returns the parts, or why it cannot be used: the end of a sentence that begins with the target's name. It never
   * shows the address, which may hold secrets.
   */
  parse(address: string): Address | string;
  /** The address as events, logs and the status show it: without secrets. */
  show(address: Address): string;
  /** Texts that nothing may show. */
  secrets?(check: Check<Address, Options, Expect>): readonly string[];
  /**
   * What is wrong with what it asks for as a whole: the end of a sentence that begins with the target's name.
   */
  problem?(check: Check<Address, Options, Expect>): string | undefined;
  /** The address that it reaches through a proxy, where one is set for it; undefined = always straight. */
  proxied?(check: Check<Address, Options, Expect>): URL | undefined;
  /** The run of one target; called once, then the run is repeated. */
  run(check: Check<Address, Options, Expect>, limits: SamplingLimits, tools: ProbeTools): Run;
}

/** What one target asks of its probe: the parts of its address, and what its description adds. */
export type Check<Address extends object, Options extends z.ZodRawShape, Expect extends z.ZodRawShape> = Address &
  z.output<z.ZodObject<Options>> & { readonly expect: z.output<z.ZodObject<Expect>> };

export interface ProbeTools {
  readonly broker: Pick<Broker, 'inspect' | 'kind'>;
  readonly clock: Clock;
  readonly outgoing: Pick<Outgoing, 'proxyFor'>;
  readonly heartbeats: Pick<Heartbeats, 'judge'>;
  /** Finds the addresses of a name; the system's when absent. */
  readonly lookup?: LookupFunction;
}

type NoKeys = Record<never, never>;

/** Declares a probe with its types inferred. */
export function defineProbe<
  Address extends object,
  Options extends z.ZodRawShape = NoKeys,
  Expect extends z.ZodRawShape = NoKeys,
>(definition: ProbeDefinition<Address, Options, Expect>): ProbeDefinition<Address, Options, Expect> {
  return definition;
}
