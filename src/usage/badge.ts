/** Width of a character of the badge's font, on average, px. */
const characterPx = 6.6;
const paddingPx = 6;

/** A label and a number, `1.2k` and the like, in the shape that badges have everywhere. */
export function badge(label: string, count: number): string {
  const value = brief(count);
  const left = widthOf(label);
  const width = left + widthOf(value);
  const text = (x: number, words: string): string =>
    `<text x="${x}" y="14" text-anchor="middle" fill="#fff">${words}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${label}: ${value}">
<title>${label}: ${value}</title>
<rect width="${width}" height="20" rx="3" fill="#555"/>
<path d="M${left} 0h${width - left - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${width - left - 3}z" fill="#0b6bb8"/>
<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${text(left / 2, label)}${text(left + (width - left) / 2, value)}</g>
</svg>
`;
}

function widthOf(words: string): number {
  return Math.ceil(words.length * characterPx) + 2 * paddingPx;
}

const brief = (count: number): string =>
  new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(count).toLowerCase();
