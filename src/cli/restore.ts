import { holdsGa4, restoreBackup } from '../storage/backup.js';
import { lockDirectory } from '../storage/opening.js';
import { note } from './audit.js';
import { type Command, exitCodes, text, UsageError } from './command.js';
import { readDataDir } from './data-dir.js';

export const restore: Command = {
  usage: 'restore FILE [--skip-ga4-until TIME | --resend-ga4]',
  description:
    'Puts a backup into DATA_DIR, with the daemon stopped; what is there is kept beside it. People who were erased since the backup are erased from it again, when the daemon starts. Sinks know again what they have, so nothing shows twice; Google Analytics alone cannot, and what was sent to it since the backup would count again: say what is to become of it.',
  options: {
    'skip-ga4-until': {
      type: 'string',
      value: 'TIME',
      description: 'do not send Google Analytics what was created before: now, or a time such as 2027-01-31T12:00:00Z',
    },
    'resend-ga4': { type: 'boolean', description: 'send Google Analytics everything, even if some counts twice' },
  },
  examples: [
    'event-sink restore /var/backups/event-sink-2027-01-31.backup --skip-ga4-until now',
    'DATA_DIR=/srv/new event-sink restore before-upgrade.backup',
  ],
  async run(invocation) {
    const { env, terminal, clock, operands, values } = invocation;
    const [file, ...more] = operands;
    if (file === undefined || more.length > 0) throw new UsageError('restore takes one file');
    const dir = readDataDir(env, terminal);
    if (dir === undefined) return exitCodes.usage;
    const skipGa4Until = timeOf(text(values, 'skip-ga4-until'), clock.now());
    if (skipGa4Until === undefined && values['resend-ga4'] !== true && holdsGa4(file)) {
      throw new UsageError(
        'this backup knows Google Analytics, which would count again what was sent since: add --skip-ga4-until now (or the time at which the daemon stopped), or --resend-ga4',
      );
    }
    const lock = lockDirectory(dir);
    try {
      const { aside, knowsErased } = restoreBackup({ dir, backup: file, skipGa4Until, now: clock.now() });
      note(dir, { type: 'backup_restored', subject: file }, invocation);
      if (!knowsErased) terminal.err(unknownPeople);
      if (!terminal.outIsTerminal) terminal.out(JSON.stringify({ restored: file, dir, aside: aside ?? null }));
      else terminal.out(`${file} is in ${dir}.${aside === undefined ? '' : ` What was there is kept as ${aside}.`}`);
    } finally {
      lock.close();
    }
    return exitCodes.ok;
  },
};

const unknownPeople =
  'What was there cannot be read, and with it the list of people who were erased: erase anew whom a receipt names since the backup.';

function timeOf(written: string | undefined, now: number): number | undefined {
  if (written === undefined) return undefined;
  const time = written === 'now' ? now : Date.parse(written);
  if (Number.isNaN(time)) throw new UsageError(`--skip-ga4-until must be now or a time, but is "${written}"`);
  return time;
}
