import type { Expected, LeftOutReason, OutageCost } from './cost.js';
import { inTenths } from './cost-fields.js';

const figures = [
  ['requests', 'request', 'requests'],
  ['visitors', 'visitor at a time', 'visitors at a time'],
  ['downloads', 'download', 'downloads'],
  ['failedUploads', 'failed upload', 'failed uploads'],
] as const;

type Figures = Partial<Pick<OutageCost, (typeof figures)[number][0]>>;

/** `12 requests instead of 480 (410 to 530), 3 downloads instead of …`; empty where nothing is known. */
export function costInWords(cost: Figures): string {
  return figures
    .flatMap(([name, one, several]) => {
      const figure = cost[name];
      if (figure === undefined) return [];
      const count = `${numberInWords(figure.counted)} ${inTenths(figure.counted) === 1 ? one : several}`;
      return figure.expected === undefined ? [count] : [`${count} ${insteadOf(figure.expected)}`];
    })
    .join(', ');
}

const reasons: Readonly<Record<LeftOutReason, string>> = {
  down: 'the service was down',
  maintenance: 'it was being worked on',
  unknown: 'nobody looked',
  no_log: 'there is no log of it',
};

export function leftOutInWords(reason: LeftOutReason): string {
  return reasons[reason];
}

function insteadOf({ mean, min, max }: Expected): string {
  return `instead of ${numberInWords(mean)} (${numberInWords(min)} to ${numberInWords(max)})`;
}

/** Tenths of a hundred say nothing. */
export function numberInWords(value: number): string {
  return (value < 100 ? inTenths(value) : Math.round(value)).toLocaleString('en-GB');
}
