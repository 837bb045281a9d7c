import type { costFields } from '../events/cost-fields.js';
import type { Fields } from '../events/event.js';
import type { Figure, OutageCost } from './cost.js';

type FigureName = 'requests' | 'visitors' | 'downloads' | 'failedUploads';
type CostFields = { [Name in keyof typeof costFields]?: number };

/** As fields of an event; what is not known is not there. */
export function fieldsOfCost(cost: OutageCost): CostFields {
  const { requests, visitors, downloads, failedUploads, weeks, until } = cost;
  return {
    ...fieldsOf('requests', requests),
    ...(visitors === undefined ? {} : fieldsOf('visitors', visitors)),
    ...fieldsOf('downloads', downloads),
    ...fieldsOf('failed_uploads', failedUploads),
    expected_weeks: weeks,
    counted_until: until,
  };
}

function fieldsOf(
  name: 'requests' | 'visitors' | 'downloads' | 'failed_uploads',
  { counted, expected }: Figure,
): CostFields {
  const observed = { [`outage_${name}`]: inTenths(counted) };
  if (expected === undefined) return observed;
  const { mean, min, max } = expected;
  return {
    ...observed,
    [`expected_${name}`]: inTenths(mean),
    [`expected_${name}_min`]: inTenths(min),
    [`expected_${name}_max`]: inTenths(max),
  };
}

/** The figures that an event has, as far as it has them. */
export function costOfFields(fields: Fields): Partial<Record<FigureName, Figure>> {
  const found = [
    ['requests', figureIn('requests', fields)],
    ['visitors', figureIn('visitors', fields)],
    ['downloads', figureIn('downloads', fields)],
    ['failedUploads', figureIn('failed_uploads', fields)],
  ] as const;
  return Object.fromEntries(found.filter(([, figure]) => figure !== undefined));
}

function figureIn(name: string, fields: Fields): Figure | undefined {
  const [counted, mean, min, max] = ['outage_', 'expected_', 'min', 'max'].map(part => {
    const value = fields[part.endsWith('_') ? `${part}${name}` : `expected_${name}_${part}`];
    return typeof value === 'number' && value >= 0 ? value : undefined;
  });
  if (counted === undefined) return undefined;
  const isExpected = mean !== undefined && min !== undefined && max !== undefined;
  return { counted, expected: isExpected ? { mean, min, max } : undefined };
}

/** Sums are whole anyway; of an average, more would be noise. */
export function inTenths(value: number): number {
  return Math.round(value * 10) / 10;
}
