import { parseArgs } from 'node:util';
import { describe } from '../errors.js';
import { redact } from '../redact.js';
import { nearest } from '../settings/nearest.js';
import { version } from '../version.js';
import {
  type Command,
  type CommandContext,
  commonOptions,
  exitCodes,
  type Option,
  type OptionValues,
  UsageError,
} from './command.js';
import { commands } from './commands.js';
import { commandHelp, generalHelp } from './help.js';

/** @returns the exit code: 0 = done, 1 = failed, 2 = the command line or the settings are wrong */
export async function runCommandLine(words: readonly string[], context: CommandContext): Promise<number> {
  const { terminal } = context;
  try {
    return await dispatch(words, context);
  } catch (error) {
    terminal.rewrite('');
    terminal.err(`event-sink: ${redact(describe(error))}`);
    if (!(error instanceof UsageError)) return exitCodes.failed;
    terminal.err('Try event-sink --help.');
    return exitCodes.usage;
  }
}

async function dispatch(words: readonly string[], context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [first] = words;
  if (first === '--version' || first === '-v') return print(version);
  if (first === '--help' || first === '-h' || (first === 'help' && words.length === 1)) return print(generalHelp());
  if (first === 'help') return dispatch([...words.slice(1), '--help'], context);
  const named = first !== undefined && !first.startsWith('-');
  const name = named ? first : 'start';
  const entry = commands.find(command => command.name === name);
  if (entry === undefined) {
    const like = nearest(
      name,
      commands.map(command => command.name),
    );
    throw new UsageError(`unknown command ${name}${like === undefined ? '' : `; did you mean ${like}?`}`);
  }
  const command = await entry.load();
  const { values, positionals } = parse(command, named ? words.slice(1) : words);
  if (values.help === true) return print(commandHelp(command));
  const { json }: OptionValues = values;
  const shown = json === true ? { ...terminal, outIsTerminal: false } : terminal;
  return command.run({ ...context, terminal: shown, values, operands: positionals });

  function print(text: string): number {
    terminal.out(text);
    return exitCodes.ok;
  }
}

function parse(command: Command, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries({ ...commonOptions, ...command.options }).map(
      ([name, { type, multiple = false, short }]: [string, Option]) => [
        name,
        { type, multiple, ...(short === undefined ? {} : { short }) },
      ],
    ),
  );
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'--([^'=]+)/.exec(message)?.[1] : undefined;
    const like = unknown === undefined ? undefined : nearest(unknown, Object.keys(options));
    const [fault = ''] = message.split('. ');
    throw new UsageError(like === undefined ? fault : `${fault}; did you mean --${like}?`);
  }
}
