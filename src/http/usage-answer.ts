import { z } from 'koa-swagger-decorator';
import { written } from '../calendar.js';
import type { UsageCounts, UsageRow } from '../storage/usage-report.js';
import { few, figuresOf, isFew } from '../usage/figures.js';
import { type Answer, count } from './schemas.js';

const Counts = z
  .object({
    total_dataset_investigations: count.openapi({
      description: 'Accesses to datasets and their files, requests among them.',
    }),
    total_dataset_requests: count.openapi({ description: 'Retrievals of content.' }),
    unique_dataset_investigations: count.openapi({ description: 'Once for each dataset and session.' }),
    unique_dataset_requests: count.openapi({ description: 'Once for each dataset and session.' }),
    bytes: count.openapi({ description: 'Transferred, by all of these accesses.' }),
    request_bytes: count.openapi({ description: 'Those of them by requests.' }),
  })
  .openapi('UsageCounts');

export const metrics = {
  regular: Counts.openapi({ description: 'People.' }),
  machine: Counts.openapi({ description: 'Scripts and tools that people use.' }),
};

export const fewUsers = z.literal(few).openapi({ type: 'string', description: 'Too few users to say more.' });

export const UsageLine = z
  .object({
    id: z.string().nullable().openapi({
      description: 'The dataset, file, space, collection or user, by id; the month or the country. Null: not known.',
    }),
    title: z.string().nullable(),
    doi: z.string().nullable(),
    regular: z.union([metrics.regular, fewUsers]),
    machine: z.union([metrics.machine, fewUsers]),
  })
  .openapi('UsageLine');

export function lineAnswer({ key, facts, regular, machine }: UsageRow, isCountry: boolean): Answer<typeof UsageLine> {
  const shown = (counts: UsageCounts) => (isCountry && isFew(counts) ? few : figuresOf(counts));
  return {
    id: typeof key === 'number' ? written(key) : key,
    ...namesOf(facts),
    regular: shown(regular),
    machine: shown(machine),
  };
}

export function namesOf(facts: string | null): { readonly title: string | null; readonly doi: string | null } {
  const { title = null, doi = null } = facts === null ? {} : JSON.parse(facts);
  return { title, doi };
}
