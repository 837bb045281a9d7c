import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { parseTimestamp } from '../events/timestamp.js';
import { nearest } from '../settings/problems.js';
import type { Complain } from './target.js';

/** A target as the YAML file describes it; times in seconds. */
export type Description = z.output<typeof structure>;

/** No address: those may hold secrets, and names are shown. */
const nameForm = /^(?!.*:\/\/)[^\p{C}]{1,128}$/u;
const nameRule = 'must be 1 to 128 characters, and no address';

const seconds = (min: number) =>
  z
    .number({ message: 'must be a number of seconds' })
    .min(min, `must be at least ${min} s`)
    .max(86_400, 'must be at most a day');

const wholeNumber = (min: number, max: number) =>
  z
    .number({ message: `must be a whole number from ${min} to ${max}` })
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

const text = z.string({ message: 'must be a text' }).min(1, 'must not be empty');

const moment = z
  .union([z.string(), z.number()], { message: 'must be a time, such as 2026-03-05T06:00:00Z' })
  .transform((value, context) => {
    const time = parseTimestamp(value);
    if (time === undefined)
      context.addIssue({ code: 'custom', message: 'must be a time, such as 2026-03-05T06:00:00Z' });
    return time ?? z.NEVER;
  });

const maintenance = z
  .object({ from: moment, until: moment, message: text.optional() })
  .strict()
  .refine(({ from, until }) => from < until, 'must end after it begins')
  .transform(({ from, until, message }) => ({ from, until, message }));

/** `200`, `2xx`, or a list of those. */
const status = z
  .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))], {
    message: 'must be a status such as 200 or 2xx, or a list of them',
  })
  .transform((value, context): readonly (readonly [number, number])[] => {
    const ranges = [value].flat().map(one => statusRange(String(one)));
    if (ranges.length === 0 || ranges.includes(undefined))
      context.addIssue({ code: 'custom', message: 'must be a status such as 200 or 2xx, or a list of them' });
    return ranges.filter(range => range !== undefined);
  });

function statusRange(word: string): readonly [number, number] | undefined {
  if (/^[1-5]xx$/i.test(word)) return [Number(word[0]) * 100, Number(word[0]) * 100 + 99];
  return /^[1-5]\d\d$/.test(word) ? [Number(word), Number(word)] : undefined;
}

const headers = z
  .record(z.union([z.string(), z.number()]).transform(String), { message: 'must be a mapping of names to values' })
  .superRefine((all, context) => {
    for (const [name, value] of Object.entries(all)) {
      try {
        validateHeaderName(name);
        validateHeaderValue(name, value);
      } catch {
        context.addIssue({ code: 'custom', message: `has a name or a value that HTTP cannot carry: ${name}` });
      }
    }
  });

const structure = z
  .object({
    name: text.regex(nameForm, nameRule),
    url: text,
    expect: z
      .object({
        status: status.optional(),
        body: text.optional(),
        json: z.record(z.unknown(), { message: 'must be a mapping of dotted paths to values' }).optional(),
        messages: wholeNumber(0, 1e12).optional(),
        consumers: wholeNumber(0, 1e6).optional(),
      })
      .strict()
      .optional(),
    headers: headers.optional(),
    ca: text.optional(),
    interval: seconds(1).optional(),
    timeout: seconds(0.01).optional(),
    samples: wholeNumber(1, 100).optional(),
    threshold: z
      .union([
        wholeNumber(1, 1000),
        z.object({ down: wholeNumber(1, 1000).default(2), up: wholeNumber(1, 1000).default(2) }).strict(),
      ])
      .optional(),
    slow: seconds(0.001).optional(),
    loss: z
      .number({ message: 'must be a percentage' })
      .gt(0, 'must be more than 0')
      .max(100, 'must be at most 100')
      .optional(),
    maintenance: z.array(maintenance, { message: 'must be a list of {from, until}' }).optional(),
  })
  .strict();

/** `name=address`. */
export function fromText(item: string, complain: Complain): Description | undefined {
  const [, name = '', url = ''] = /^([^=]*)=(.*)$/s.exec(item) ?? [];
  if (nameForm.test(name.trim()) && url.trim() !== '') return { name: name.trim(), url: url.trim() };
  complain('must be name=address (a comma inside an address is written %2C)');
  return undefined;
}

export function readDescription(item: unknown, complain: Complain): Description | undefined {
  const parsed = structure.safeParse(item);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) complain(inWords(issue));
  return undefined;
}

function inWords(issue: z.ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 ? Object.keys(structure.shape) : [];
    return issue.keys
      .map(key => {
        const like = nearest(key, known);
        const hint = like === undefined ? '' : `. Did you mean ${like}?`;
        return `has ${path === '' ? '' : `in ${path} `}a key that is not known: ${key}${hint}`;
      })
      .join('; ');
  }
  if (path === '') return 'must be name=address, or a mapping with name and url';
  if (issue.code === 'invalid_union') return `${path} ${deepest(issue)}`;
  return `${path} ${issue.code === 'invalid_type' && issue.received === 'undefined' ? 'is missing' : issue.message}`;
}

function deepest(issue: z.ZodInvalidUnionIssue): string {
  const [first] = issue.unionErrors.flatMap(error => error.issues).filter(({ code }) => code !== 'invalid_type');
  return first?.message ?? 'is not what it should be';
}
