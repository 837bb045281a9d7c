import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeBackup } from '../storage/backup.js';
import { note } from './audit.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { readDataDir } from './data-dir.js';

export const backup: Command = {
  usage: 'backup FILE | DIR',
  description:
    'Writes everything of DATA_DIR that is worth keeping to one file, as it is at this moment: queues, outbox, dead letters, local store, places in logs, ids sent to Google Analytics, and the key and id-secret made at the first start. The daemon may run meanwhile. In a folder, the file is named after the time.\nThe file holds secrets and personal data: it is readable by its owner alone.',
  options: {},
  examples: ['event-sink backup /var/backups/', 'event-sink backup before-upgrade.backup'],
  async run(invocation) {
    const { env, terminal, clock, operands } = invocation;
    const [target, ...more] = operands;
    if (target === undefined || more.length > 0) throw new UsageError('backup takes one file or folder');
    const dir = readDataDir(env, terminal);
    if (dir === undefined) return exitCodes.usage;
    const name = `event-sink-${new Date(clock.now()).toISOString().replaceAll(':', '-')}.backup`;
    const file = statSync(target, { throwIfNoEntry: false })?.isDirectory() ? join(target, name) : target;
    writeBackup(dir, file);
    note(dir, { type: 'backup_made', subject: file }, invocation);
    const { size: bytes } = statSync(file);
    terminal.out(terminal.outIsTerminal ? `${file} written, ${bytes} bytes` : JSON.stringify({ file, bytes }));
    return exitCodes.ok;
  },
};
