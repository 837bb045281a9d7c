import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { comparisons } from '../../comparison.js';
import { patternOf } from '../../pattern.js';
import { seconds, text, wholeNumber, yesOrNo } from '../../values.js';
import { certificateDays } from '../tls/certificate.js';
import type { StatusRange } from './check.js';

/** What may be said of an HTTP target beside its address. */

const statusRule = 'must be a status such as 200, 2xx or 200-204, or a list of them';
const whenUnsaid: readonly StatusRange[] = [[200, 399]];
const maxBodyLength = 64 * 1024;

/** `200`, `2xx`, `200-204`, `200|3xx`, or a list of those. */
const status = z
  .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))], { message: statusRule })
  .transform((value, context) => {
    const words = [value].flat().flatMap(one => String(one).split('|'));
    const ranges = words.map(word => statusRange(word.trim()));
    if (ranges.length === 0 || ranges.includes(undefined)) context.addIssue({ code: 'custom', message: statusRule });
    return ranges.filter(range => range !== undefined);
  })
  .optional()
  .transform(ranges => ranges ?? whenUnsaid);

function statusRange(word: string): StatusRange | undefined {
  if (/^[1-5]xx$/i.test(word)) return [Number(word[0]) * 100, Number(word[0]) * 100 + 99];
  const [, min, max = min] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(word) ?? [];
  return min !== undefined && Number(min) <= Number(max) ? [Number(min), Number(max)] : undefined;
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

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const methodRule = `must be one of ${methods.join(', ')}`;
const method = z
  .string({ message: methodRule })
  .transform(word => word.toUpperCase())
  .refine(word => methods.some(one => one === word), methodRule);

const pattern = text.transform((source, context) => {
  try {
    return patternOf(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

export const options = {
  method: method.default('GET'),
  headers: headers.default({}),
  body: text.max(maxBodyLength, 'must be at most 64 KiB').optional(),
  redirects: wholeNumber(0, 20).default(0),
  ca: text.optional(),
  lenient: yesOrNo.default(false),
  proxy: yesOrNo.default(false),
};

export const expect = {
  status,
  headers: comparisons('must be a mapping of names to values')
    .default({})
    .transform(all => all.map(one => ({ ...one, name: one.name.toLowerCase() }))),
  body: text.optional(),
  matches: pattern.optional(),
  json: comparisons('must be a mapping of dotted paths to values').default({}),
  response_time: seconds(0.001).optional(),
  certificate_days: certificateDays,
};
