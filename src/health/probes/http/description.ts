import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { text } from '../../values.js';
import type { StatusRange } from './check.js';

/** What the YAML file may say of an HTTP target. */

const statusRule = 'must be a status such as 200 or 2xx, or a list of them';
const whenUnsaid: readonly StatusRange[] = [[200, 399]];

/** `200`, `2xx`, or a list of those. */
const status = z
  .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))], { message: statusRule })
  .transform((value, context) => {
    const ranges = [value].flat().map(one => statusRange(String(one)));
    if (ranges.length === 0 || ranges.includes(undefined)) context.addIssue({ code: 'custom', message: statusRule });
    return ranges.filter(range => range !== undefined);
  })
  .optional()
  .transform(ranges => ranges ?? whenUnsaid);

function statusRange(word: string): StatusRange | undefined {
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

const yesOrNo = z.boolean({ message: 'must be true or false' });

export const options = { headers: headers.default({}), ca: text.optional(), proxy: yesOrNo.default(false) };

export const expect = {
  status,
  body: text.optional(),
  json: z.record(z.unknown(), { message: 'must be a mapping of dotted paths to values' }).default({}),
};
