import { z } from 'koa-swagger-decorator';
import type { MonthlyReport } from '../usage/monthly/report.js';
import { count, epochMs } from './schemas.js';
import { fewUsers, metrics } from './usage-answer.js';

const sums = {
  ...metrics,
  users: z
    .object({ regular: count, machine: count })
    .openapi('UsageUsers', { description: 'How many different users there were, at least.' }),
};
const Sums = z.object(sums).openapi('UsageSums');
const Month = z.object({ month: z.string(), ...sums }).openapi('UsageMonthSums');
const line = { id: z.string().nullable().openapi({ description: 'Null: not known.' }), title: z.string().nullable() };
const Group = z
  .object({ ...line, datasets: count.openapi({ description: 'How many of its datasets were used.' }), ...sums })
  .openapi('UsageGroupLine');

const schema = z.object({
  month: z.string().openapi({ example: '2026-03' }),
  created: epochMs.openapi({ description: 'When it was made.' }),
  closed: epochMs.nullable().openapi({ description: 'When the month was closed; null while it takes in late events.' }),
  platform: z.string().nullable(),
  publisher: z.string().nullable(),
  publisher_id: z.string().nullable(),
  source: z
    .string()
    .openapi({ description: 'What it was counted from: `nginx`, `clowder` or `browser`; several apart by commas.' }),
  complete: z.boolean(),
  missing: z.array(z.string()).openapi({ description: 'Why it is not complete, a sentence each.' }),
  notes: z.array(z.string()).openapi({ description: 'What else must be known of the figures, a sentence each.' }),
  total: Sums,
  month_before: Month.nullable().openapi({ description: 'Null where nothing is known of it.' }),
  year_before: Month.nullable().openapi({ description: 'The same month of the year before.' }),
  months: z.array(Month).openapi({ description: 'The last thirteen, as far as they are known.' }),
  spaces: z.array(Group),
  datasets: z.array(
    z
      .object({ ...line, doi: z.string().nullable(), kind: z.enum(['dataset', 'file']).nullable(), ...sums })
      .openapi('UsageDatasetLine'),
  ),
  owners: z.array(Group).openapi({ description: 'To whom the datasets belong.' }),
  countries: z.array(
    z
      .object({
        id: z.string(),
        regular: z.union([metrics.regular, fewUsers]),
        machine: z.union([metrics.machine, fewUsers]),
      })
      .openapi('UsageCountryLine'),
  ),
  left_out: z.record(count).openapi({ description: 'How many accesses did not count, by reason.' }),
} satisfies Readonly<Record<keyof MonthlyReport, z.ZodTypeAny>>) satisfies z.ZodType<
  unknown,
  z.ZodTypeDef,
  MonthlyReport
>;

export const MonthlyReportBody = schema.openapi('MonthlyReport', {
  description: 'What an installation was used for in a month.',
});
