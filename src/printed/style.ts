/** Readable on paper without colours: people are solid, machines hatched, and lines part what shades would. */
export const style = `
:root { color-scheme: light; }
@page { size: A4; margin: 16mm 15mm 18mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 48px; max-width: 190mm; background: #fff; color: #111;
  font: 14px/1.45 "IBM Plex Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: 25px; line-height: 1.2; }
h2 { margin: 30px 0 8px; font-size: 16px; break-after: avoid; }
p { margin: 6px 0; }
.lead { margin: 4px 0 0; color: #333; }
.box { margin: 16px 0 0; padding: 9px 12px; border: 1px solid #111; border-left-width: 6px; break-inside: avoid; }
.box ul { margin: 4px 0 0; padding-left: 20px; }

.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(122px, 1fr)); gap: 8px; margin: 16px 0 0; padding: 0;
  list-style: none; }
.key li { padding: 9px 12px; border: 1px solid #999; break-inside: avoid; }
.key b { display: block; font-size: 23px; line-height: 1.25; }
.key span { display: block; color: #333; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
caption { padding: 0 0 4px; text-align: left; color: #333; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { padding: 4px 7px; border-bottom: 1px solid #ccc; text-align: right; vertical-align: top; font-weight: 400; }
thead th { border-bottom: 1.5px solid #111; font-weight: 600; vertical-align: bottom; }
thead .who th:first-child { text-align: right; }
thead .who th { border-bottom: 1.5px solid #111; padding-top: 0; font-weight: 400; font-size: 12.5px; }
thead th[colspan] { border-bottom: 0; padding-bottom: 0; }
tbody th, thead th[rowspan]:first-child, thead th:first-child:not([colspan]) { padding-left: 0; text-align: left; }
td { white-space: nowrap; }
.text td, .said td { white-space: normal; }
/* Names and messages may have no place to break; words of ours stay whole. */
td bdi { overflow-wrap: anywhere; }
td:has(bdi) { min-width: 6.8em; }
.said th, .said td { text-align: left; }
tbody th { min-width: 9em; overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
.id { display: block; color: #555; font-size: 12px; }
.note { color: #333; font-size: 12.5px; }
figure { margin: 10px 0 0; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
dl { margin: 0; }
dt { font-weight: 600; margin-top: 6px; break-after: avoid; }
dd { margin: 0; }
footer { margin-top: 30px; padding-top: 8px; border-top: 1.5px solid #111; color: #333; font-size: 12px; }
@media screen and (max-width: 640px) {
  body { padding: 20px 14px 40px; }
  .stacked, .stacked tbody, .stacked tr, .stacked tbody th, .stacked td { display: block; }
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked tr { padding: 7px 0; border-bottom: 1px solid #999; }
  .stacked tbody th, .stacked td { position: relative; padding: 1px 0 1px 8.6em; border: 0; text-align: left;
    white-space: normal; overflow-wrap: anywhere; }
  .stacked tbody th { font-weight: 600; }
  .stacked tbody th::before, .stacked td::before { content: attr(data-name); position: absolute; left: 0; width: 8.2em;
    color: #333; font-weight: 400; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h1 { font-size: 19pt; } h2 { font-size: 12.5pt; }
  .scroll { overflow: visible; }
  .id, .note, footer { font-size: 8.5pt; }
}
`;
