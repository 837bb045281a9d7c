import type { MonthSums } from './report.js';
import { monthInWords, number } from './words.js';

const width = 720;
const height = 190;
const left = 52;
const base = 158;
const top = 14;

/** Requests by month, people and machines beside each other, as a picture that needs neither script nor colour. */
export function bars(months: readonly MonthSums[]): string {
  const max = Math.max(1, ...months.flatMap(one => [requests(one.regular), requests(one.machine)]));
  const end = roundUp(max);
  const y = (count: number): number => round(base - (count / end) * (base - top));
  const step = (width - left) / Math.max(months.length, 1);
  const barWidth = Math.min(22, step * 0.38);
  const lines = [...new Set([0, end / 2, end])].map(
    count =>
      `<path d="M${left} ${y(count)}H${width}" stroke="${count === 0 ? '#111' : '#ccc'}"/><text x="${left - 6}" y="${y(count) + 4}" text-anchor="end">${number(count)}</text>`,
  );
  const pairs = months.map((one, index) => {
    const middle = left + step * (index + 0.5);
    const bar = (count: number, x: number, paint: string): string =>
      `<rect x="${round(x)}" y="${y(count)}" width="${round(barWidth)}" height="${round(base - y(count))}" ${paint}/>`;
    const [year, month] = one.month.split('-');
    return `<g><title>${monthInWords(one.month)}: ${number(requests(one.regular))} by people, ${number(requests(one.machine))} by machines</title>${bar(
      requests(one.regular),
      middle - barWidth - 1,
      'fill="#222"',
    )}${bar(requests(one.machine), middle + 1, 'fill="url(#hatched)" stroke="#222"')}<text x="${round(middle)}" y="${base + 15}" text-anchor="middle">${month}</text>${
      index === 0 || month === '01'
        ? `<text x="${round(middle)}" y="${base + 29}" text-anchor="middle" font-weight="600">${year}</text>`
        : ''
    }</g>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Downloads by month" font-size="11" font-family="sans-serif" fill="#111">
<defs><pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/><path d="M0 0V5" stroke="#222" stroke-width="2"/></pattern></defs>
${[...lines, ...pairs].join('\n')}
</svg>`;
}

function requests(figures: MonthSums['regular']): number {
  return figures.total_dataset_requests;
}

/** The next number that reads well and has a half: 2, 4, 10, 20, 40, 100 … */
function roundUp(count: number): number {
  let unit = 1;
  while (unit * 10 < count) unit *= 10;
  return [2, 4, 6, 10].map(factor => factor * unit).find(end => end >= count) ?? unit * 10;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
