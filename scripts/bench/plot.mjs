import { inWords, isMet } from '../../dist/bench/measure/report.js';

const width = 900;
const labels = 470;
const line = 26;
const top = 46;
/** The axis: how many times better than the target. */
const [min, max] = [0.25, 64];

/** One bar a row, from the target (×1) to what was reached, on a logarithmic axis: to the right is better. */
export function plot(results) {
  const rows = Object.values(results).flatMap(({ rows }) => rows);
  const height = top + rows.length * line + 30;
  const bars = rows.map((row, index) => bar(row, top + index * line)).join('\n');
  const ticks = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64].map(value => tick(value, height - 26)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="20" font-size="14" font-weight="bold">How many times better than its target each row is</text>
${ticks}
${bars}
</svg>
`;
}

function bar(row, y) {
  const better = row.good === 'at least' ? row.reached / row.target : row.target / row.reached;
  const [from, to] = [position(1), position(better)].sort((a, b) => a - b);
  const { reached, target } = inWords(row);
  const color = isMet(row) ? '#2a7f62' : '#c0392b';
  const what = escaped(row.what.length > 74 ? `${row.what.slice(0, 73)}…` : row.what);
  return `<text x="${labels - 10}" y="${y + 14}" text-anchor="end">${what}</text>
<rect x="${from.toFixed(1)}" y="${y + 4}" width="${Math.max(2, to - from).toFixed(1)}" height="14" fill="${color}"><title>${escaped(`${row.what}: ${reached} (target ${target})`)}</title></rect>`;
}

function tick(value, bottom) {
  const x = position(value).toFixed(1);
  const strong = value === 1;
  return `<line x1="${x}" x2="${x}" y1="${top - 8}" y2="${bottom}" stroke="${strong ? '#333' : '#ddd'}"/>
<text x="${x}" y="${bottom + 16}" text-anchor="middle" fill="#555">×${value}</text>`;
}

function position(value) {
  const share = Math.log(Math.min(max, Math.max(min, value)) / min) / Math.log(max / min);
  return labels + share * (width - labels - 24);
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
