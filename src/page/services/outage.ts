import type { StoredEvent } from '../../../openapi/api-types.js';

/** An outage that is over, as the event of the recovery tells it. */
export interface Outage {
  readonly from: number;
  readonly until: number;
  /** Known to be down, without maintenance. */
  readonly length: number;
  /** What came in meanwhile; empty where nothing is known of that. */
  readonly cost: string;
}

const figures = [
  ['requests', 'request', 'requests'],
  ['visitors', 'visitor at a time', 'visitors at a time'],
  ['downloads', 'download', 'downloads'],
  ['failed_uploads', 'failed upload', 'failed uploads'],
] as const;

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);
const written = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });

/** Undefined for an event that ends no outage. */
export function outageOf(event: StoredEvent): Outage | undefined {
  const [from, until, seconds] = [event.from, event.until, event.outage_seconds].map(numberOf);
  if (from === undefined || until === undefined || seconds === undefined) return undefined;
  return { from, until, length: seconds * 1000, cost: costOf(event) };
}

function costOf(event: StoredEvent): string {
  return figures
    .flatMap(([name, one, several]) => {
      const [counted, mean, min, max] = [
        event[`outage_${name}`],
        event[`expected_${name}`],
        event[`expected_${name}_min`],
        event[`expected_${name}_max`],
      ].map(numberOf);
      if (counted === undefined) return [];
      const count = `${written(counted)} ${counted === 1 ? one : several}`;
      const isExpected = mean !== undefined && min !== undefined && max !== undefined;
      return [isExpected ? `${count} instead of ${written(mean)} (${written(min)} to ${written(max)})` : count];
    })
    .join(', ');
}
