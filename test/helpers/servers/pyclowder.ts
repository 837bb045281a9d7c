import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Running } from '../running.js';
import type { Skip } from '../skip.js';
import { temporaryFolder } from '../temporary.js';

const version = '3.0.8';

export interface Extractor {
  readonly running: Running;
  stop(): Promise<void>;
}

/** Starts extractors: real ones of pyclowder's, which never ask a Clowder. */
export interface PyClowder {
  /** What it does with a job follows from the name of the file: `abort…` fails, `flaky…` once, `skip…` is not taken. */
  start(options: { readonly uri: string; readonly queue: string }): Extractor;
}

/** From PyPI, in an environment of its own that is kept; a Skip where Python or PyPI cannot be had. */
export function pyclowder(): PyClowder | Skip {
  const environment = join(homedir(), '.cache', 'event-sink', `pyclowder-${version}`);
  const python = join(environment, 'bin', 'python');
  const installed = join(environment, 'installed');
  if (!existsSync(installed)) {
    const run = (command: string, ...words: string[]): boolean =>
      spawnSync(command, words, { stdio: 'ignore', timeout: 120_000 }).status === 0;
    const made =
      run('python3', '-m', 'venv', environment) &&
      run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `pyclowder==${version}`);
    if (!made) {
      rmSync(environment, { recursive: true, force: true });
      return { skip: `pyclowder ${version} cannot be installed: Python 3 with venv, or PyPI, cannot be had` };
    }
    writeFileSync(installed, `${version}\n`);
  }
  return { start: options => start(python, options) };
}

function start(python: string, { uri, queue }: { readonly uri: string; readonly queue: string }): Extractor {
  const folder = temporaryFolder();
  const info = { name: queue, version: '1.0', description: 'for tests', process: { file: ['*'] }, contexts: [] };
  writeFileSync(join(folder.path, 'extractor_info.json'), JSON.stringify(info));
  writeFileSync(join(folder.path, 'extractor.py'), program);
  const env = { RABBITMQ_URI: uri, CLOWDER_URL: '', RABBITMQ_QUEUE: '', PYTHONUNBUFFERED: '1' };
  const running = new Running(python, ['extractor.py'], { cwd: folder.path, env });
  return {
    running,
    stop: async () => {
      await running.kill9();
      folder.remove();
    },
  };
}

const program = `
import subprocess
from pyclowder.extractors import Extractor
from pyclowder.utils import CheckMessage


class Sample(Extractor):
    def __init__(self):
        Extractor.__init__(self)
        self.setup()

    def check_message(self, connector, host, secret_key, resource, parameters):
        return CheckMessage.ignore if resource['name'].startswith('skip') else CheckMessage.bypass

    def process_message(self, connector, host, secret_key, resource, parameters):
        connector.message_process(resource, 'half done')
        if resource['name'].startswith('abort'):
            raise subprocess.CalledProcessError(3, 'convert', output='no such tile')
        if resource['name'].startswith('flaky') and not parameters.get('retry_count'):
            raise RuntimeError('500 for %sapi/files/%s?key=%s' % (host, resource['id'], secret_key))


if __name__ == '__main__':
    Sample().start()
`;
