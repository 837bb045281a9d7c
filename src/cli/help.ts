import { type Command, commonOptions, type Option } from './command.js';
import { commands } from './commands.js';
import { table } from './terminal.js';

const width = 100;

export function generalHelp(): string {
  const list = rows(commands.map(({ name, summary }) => [name, summary]));
  return `event-sink collects the events of a Clowder installation and delivers each, exactly accounted for.

Usage: event-sink [COMMAND] [OPTIONS]

Commands:
${list}

  event-sink COMMAND --help    options and examples of a command
  event-sink --version

Settings come from the environment and from the YAML file named by EVENT_SINK_CONFIG: see docs/settings.md.
Exit codes: 0 done, 1 failed, 2 the command line or the settings are wrong.

Examples:
  event-sink                                     start the daemon, embedded when nothing is set
  event-sink check                               find out what is missing or wrong
  event-sink send '{"category":"upload"}'        send one event
  event-sink replay --now events.ndjson          send a recording as fast as possible`;
}

export function commandHelp({ usage, description, options, examples }: Command): string {
  const listed = Object.entries<Option>({ ...options, json: commonOptions.json }).map(
    ([name, { short, value, description: meaning }]) => [
      `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      meaning,
    ],
  );
  const sections = [`Usage: event-sink ${usage}`, description];
  if (listed.length > 0) sections.push(`Options:\n${rows(listed)}`);
  sections.push(`Examples:\n${examples.map(example => `  ${example}`).join('\n')}`);
  return sections.join('\n\n');
}

/** Two columns, indented. */
function rows(cells: readonly (readonly string[])[]): string {
  const [first = [], ...rest] = cells;
  return table(first, rest, width).replaceAll(/^/gm, '  ');
}
