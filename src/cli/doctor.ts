import { examine, type Finding } from '../storage/examination.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { readDataDir } from './data-dir.js';

export const doctor: Command = {
  usage: 'doctor',
  description:
    'Looks at DATA_DIR, also beside a running daemon: whether the database is whole, who may read the files, how much room is left, what waits, what was lost, and what to do about it. Changes nothing. Exit code 1 when something is wrong.',
  options: {},
  examples: ['event-sink doctor', "event-sink doctor | jq -r 'select(.advice) | .advice'"],
  async run({ env, terminal, operands }) {
    if (operands.length > 0) throw new UsageError('doctor takes no arguments');
    const dir = readDataDir(env, terminal);
    if (dir === undefined) return exitCodes.usage;
    const findings = examine(dir);
    for (const finding of findings) terminal.out(terminal.outIsTerminal ? inWords(finding) : JSON.stringify(finding));
    return findings.every(({ advice }) => advice === undefined) ? exitCodes.ok : exitCodes.failed;
  },
};

function inWords({ what, found, advice }: Finding): string {
  return advice === undefined ? `ok     ${what}: ${found}` : `wrong  ${what}: ${found}\n       ${advice}`;
}
