import { z } from 'zod';
import { nearest } from '../settings/nearest.js';
import { maintenance } from './maintenance-description.js';
import type { ProbeDefinition } from './probes/probe.js';
import { probeFor, probes } from './probes/registry.js';
import { seconds, text, wholeNumber, yesOrNo } from './values.js';

/** A target as it is written down, read and found right; times in seconds. */
export interface Description extends z.output<z.ZodObject<ReturnType<typeof commonKeys>>> {
  readonly probe: ProbeDefinition;
  /** Parts of the address. */
  readonly address: object;
  /** What only this probe takes. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly expect: Readonly<Record<string, unknown>>;
}

/** Takes what is wrong about one target: the end of a sentence that begins with its name. */
export type Complain = (message: string) => void;

/** Addresses may hold secrets, and names are shown. */
const nameForm = /^(?!.*:\/\/)[^\p{C}]{1,128}$/u;
const nameRule = 'must be 1 to 128 characters, and not an address';

/** `a`, `a|b`, or a list. */
const names = z
  .union([text, z.array(text)], { message: 'must be the name of a target, or a list of names' })
  .transform(value => (typeof value === 'string' ? value.split('|').map(name => name.trim()) : value));

const streak = wholeNumber(1, 1000);

/** Keys that every target takes. */
export function commonKeys(maxSamples: number) {
  return {
    name: text.regex(nameForm, nameRule),
    url: text,
    interval: seconds(1).optional(),
    timeout: seconds(0.01).optional(),
    samples: wholeNumber(1, maxSamples).optional(),
    threshold: z.union([streak, z.object({ down: streak.default(2), up: streak.default(2) }).strict()]).optional(),
    slow: seconds(0.001).optional(),
    loss: z
      .number({ message: 'must be a percentage' })
      .gt(0, 'must be more than 0')
      .max(100, 'must be at most 100')
      .optional(),
    flapping: yesOrNo.default(true),
    recheck: seconds(1).optional(),
    depends_on: names.optional(),
    maintenance: maintenance.optional(),
    group: text.regex(nameForm, nameRule).optional(),
    public: yesOrNo.default(true),
  };
}

/** A name that may be shown. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && nameForm.test(name);
}

/** Complains of everything that is wrong; undefined when anything is. */
export function readDescription(item: unknown, complain: Complain): Description | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    complain('must be name=address, or a mapping with name and url');
    return undefined;
  }
  const { url } = item as { readonly url?: unknown };
  const probe = typeof url === 'string' ? probeFor(url) : undefined;
  const parsed = z
    .object({
      ...commonKeys(probe?.samples?.max ?? 100),
      expect:
        probe === undefined
          ? z.unknown()
          : z
              .object(probe.expect ?? {})
              .strict()
              .default({}),
      ...probe?.options,
    })
    .strict()
    .safeParse(item);
  for (const issue of parsed.error?.issues ?? []) for (const message of inWords(issue, probe)) complain(message);
  if (typeof url !== 'string' || url === '') return undefined;
  const address = probe === undefined ? `must be ${forms()}` : probe.parse(url);
  if (typeof address === 'string') complain(address);
  if (probe === undefined || typeof address === 'string' || !parsed.success) return undefined;
  const { expect: expected, ...data } = parsed.data;
  const options = picked(data, Object.keys(probe.options ?? {}));
  const expect = (expected ?? {}) as Description['expect'];
  const problem = probe.problem?.({ ...address, ...options, expect });
  if (problem !== undefined) {
    complain(problem);
    return undefined;
  }
  return { ...data, probe, address, options, expect };
}

/** `http(s)://…, tcp://host:port or ping:HOST` */
function forms(): string {
  const all = probes.map(({ form }) => form);
  return `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

function picked(values: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

function inWords(issue: z.ZodIssue, probe: ProbeDefinition | undefined): readonly string[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.flatMap(key => unknownKey(key, path, probe) ?? []);
  if (issue.code === 'invalid_union') return [`${path} ${deepest(issue)}`];
  return [`${path} ${issue.code === 'invalid_type' && issue.received === 'undefined' ? 'is missing' : issue.message}`];
}

/** Undefined for a key of which nobody can say whether it is right, because the address is wrong. */
function unknownKey(key: string, path: string, probe: ProbeDefinition | undefined): string | undefined {
  const keys = (one: ProbeDefinition) => Object.keys((path === 'expect' ? one.expect : one.options) ?? {});
  if (path === '' || path === 'expect') {
    const takers = probes.filter(one => keys(one).includes(key)).map(({ form }) => form);
    if (takers.length > 0 && probe === undefined) return undefined;
    if (takers.length > 0)
      return `${path === '' ? 'has' : 'expects'} ${key}, which is only for ${takers.join(' and ')}`;
  }
  const own = probe === undefined ? [] : keys(probe);
  const known = path === '' ? [...Object.keys(commonKeys(1)), 'expect', ...own] : path === 'expect' ? own : [];
  const like = nearest(key, known);
  const hint = like === undefined ? '' : `. Did you mean ${like}?`;
  return `has an unknown key${path === '' ? '' : ` in ${path}`}: ${key}${hint}`;
}

function deepest(issue: z.ZodInvalidUnionIssue): string {
  const [first] = issue.unionErrors.flatMap(error => error.issues).filter(({ code }) => code !== 'invalid_type');
  return first?.message ?? 'is not what it should be';
}
