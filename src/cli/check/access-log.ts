import { SetupError } from '../../errors.js';
import { errorCodeOf, networkErrorWords } from '../../network-errors.js';
import { readLastLines } from '../../nginx/last-lines.js';
import type { LogFormat } from '../../nginx/lines/format.js';
import { type Attempt, WrongError } from './attempt.js';

const setting = 'NGINX_ACCESS_LOG';

/** Opens the log, and reads its last lines in the format that is set. */
export function accessLog(file: string, format: LogFormat): Attempt {
  return {
    dependency: 'NGINX log',
    tried: `read the last lines of ${file}`,
    setting,
    fix: 'name the access log that NGINX writes',
    run: async () => {
      const { lines, parsed, objects } = await readLastLines(file, format).catch(error => {
        throw unreadable(file, error);
      });
      if (lines === 0) return 'readable, and empty as yet';
      if (parsed * 2 >= lines) return `${parsed} of the last ${lines} lines are understood`;
      throw new WrongError(
        `${lines - parsed} of the last ${lines} lines of ${file} are not of the format that is set`,
        {
          setting: 'NGINX_LOG_FORMAT',
          fix: `${looks(format, objects * 2 >= lines)}; set the log_format that NGINX writes it with`,
        },
      );
    },
  };
}

function looks(format: LogFormat, objects: boolean): string {
  if (objects) return format.kind === 'text' ? 'they are JSON: set json' : 'they are JSON with other names';
  return format.kind === 'text' ? 'they are text of another form' : 'they are text: set combined';
}

function unreadable(file: string, error: unknown): unknown {
  if (error instanceof SetupError)
    return new WrongError(`${file} is a folder, a pipe or a device, and no file`, {
      setting,
      fix: 'name the log itself, a plain file (in NGINX’s own image it leads to /dev/stdout: let access_log name a file)',
    });
  const code = errorCodeOf(error) ?? '';
  const words = networkErrorWords[code] ?? code;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new WrongError(`${file} cannot be read (${words})`, {
        setting,
        fix: 'let the user of the daemon read it and enter its folder (on Debian, the group adm may)',
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return new WrongError(`${file} is not there (${words})`, {
        setting,
        fix: 'name the access log that NGINX writes, with its whole path as this machine or container sees it',
      });
    default:
      return error;
  }
}
