import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import { type FoundProblem, plural, withoutStop } from './found-problem.js';

/** Lines that cannot be read are a problem from this many and this share of all on. */
const minUnread = 10;
const unreadShare = 0.03;
/** A log may be made a little later than the daemon starts. */
const missingAfterSeconds = 60;

/** The problems of an actor that reads a log. */
export function logProblems({ path, state, since, lastError, detail }: ActorStatus): FoundProblem[] {
  if (!path.startsWith(actorPaths.nginxLog)) return [];
  const { file } = detail;
  if (state === 'holding' && lastError !== undefined) {
    const waits =
      'Nothing is lost as long as the log is there: reading goes on from the same place. Make sure that the disk has room.';
    const fix =
      lastError.fault === 'transient' ? waits : 'Make sure that the daemon may read it; it tries again by itself.';
    return [{ key: path, what: `The log ${file} is not being read: ${withoutStop(lastError.message)}.`, since, fix }];
  }
  const problems: FoundProblem[] = [];
  const add = (key: string, what: string, fix: string): number => problems.push({ key, what, since: undefined, fix });
  if (detail.missing === true && Number(detail.missing_seconds) >= missingAfterSeconds)
    add(
      `${path} missing`,
      `There is no log ${file}: nothing is counted.`,
      'Make sure that NGINX_ACCESS_LOG names a file (patterns such as *.log are not expanded) and that nginx writes to it.',
    );
  const [lines, unread] = [Number(detail.lines), Number(detail.unread)];
  if (unread >= minUnread && unread >= lines * unreadShare) {
    const share = ((unread / lines) * 100).toFixed(0);
    add(
      path,
      `Of the lines of ${file}, ${share} % do not have the format that is set: ${plural(unread, 'line')} of ${lines.toLocaleString('en-US')} since the start.`,
      'Set NGINX_LOG_FORMAT to the log_format that nginx uses for it. The daemon’s own log shows one of the lines.',
    );
  }
  const bytes = Number(detail.unreadable_bytes ?? 0);
  if (bytes > 0)
    add(
      `${path} archives`,
      `Rotated logs of ${file} cannot be read: ${plural(bytes, 'byte')} in ${String(detail.unreadable_files)}.`,
      'Uncompress them in place, and they are read at the next rotation or start; or let logrotate compress with gzip.',
    );
  return problems;
}
