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

Each row with a floor or a peer was measured by turns with it in the same run: ratios say more than rates, because the machine is shared, also with the servers and the load.
The others (growth, memory, start, the log) stand alone. A row within some 5 % of its target can fall on the other side in the next run; the single values in the details say how far they scatter. CPU is that of the process with all its threads.
On RabbitMQ the daemon runs with \`LOCAL_STORE=off\`: neither the floor nor the Python workers keep one. What the programs do is in their files under \`bench/\`.

| | what | target | reached | met |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

![How far each row is from its target](results.svg)

Where the time goes in the rows that are not met: [profiles.md](profiles.md).

${sections.join('\n\n')}
`;
}
