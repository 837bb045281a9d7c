import { spawnSync } from 'node:child_process';

/** More than a screen of them hides the one that matters. */
const maxLines = 50;

/** @returns {string} what it printed @throws Error with the end of its output, when it ends with anything but 0 */
export function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (status === 0) return stdout;
  const output = `${stdout}${stderr}`.trim().split('\n').slice(-maxLines).join('\n');
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `ended with ${status}\n${output}`}`);
}
