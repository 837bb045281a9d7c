import { inWords, isMet } from '../../dist/bench/measure/report.js';

/** The results as a page: a table of all rows, then what each was made from. */
export function table(results) {
  const entries = Object.entries(results);
  const rows = entries.flatMap(([name, { rows }]) => rows.map(row => ({ name, row, ...inWords(row) })));
  const lines = rows.map(
    ({ name, row, reached, target }) =>
      `| ${name} | ${row.what} | ${target} | ${reached} | ${isMet(row) ? 'yes' : '**no**'} |`,
  );
  const sections = entries.map(([name, { date, machine, load, rows, note }]) => {
    const parts = rows.map(row => `**${row.what}**\n\n${row.details.map(line => `- ${line}`).join('\n')}`);
    return `## ${name}\n\n${date}, ${machine}; load ${load.start.toFixed(1)} at the start, ${load.end.toFixed(1)} at the end.${note === undefined ? '' : ` ${note}`}\n\n${parts.join('\n\n')}`;
  });
  return `# Measured

<!-- Written by npm run bench from results.json. -->

Each row beside its floor or its peer, measured by turns in the same run unless its section says otherwise: ratios say more than rates, because the machine is shared, also
with the servers and the load. CPU is that of the process with all its threads. What the programs do is in their files under \`bench/\`.

| | what | target | reached | met |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

![How far each row is from its target](results.svg)

Where the time goes in the rows that are not met: [profiles.md](profiles.md).

${sections.join('\n\n')}
`;
}
