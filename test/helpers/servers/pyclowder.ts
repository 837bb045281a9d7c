import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
  const cache = join(homedir(), '.cache', 'event-sink');
  const environment = join(cache, `pyclowder-${version}`);
  if (!existsSync(environment)) {
    // Two test files may come here at once: each makes one of its own, and the first to end puts it in its place.
    mkdirSync(cache, { recursive: true });
    const own = mkdtempSync(`${environment}-`);
    const made = install(own);
    try {
      if (made) renameSync(own, environment);
    } catch (error) {
      // The other one was faster.
      if (!existsSync(environment)) throw error;
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
    if (!made) return { skip: `pyclowder ${version} cannot be installed: Python 3 with venv, or PyPI, cannot be had` };
  }
  return { start: options => start(join(environment, 'bin', 'python'), options) };
}

function install(environment: string): boolean {
  const run = (command: string, ...words: string[]): boolean =>
    spawnSync(command, words, { stdio: 'ignore', timeout: 120_000 }).status === 0;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  return (
    run('python3', '-m', 'venv', environment) &&
    run(join(environment, 'bin', 'python'), ...pip, `pyclowder==${version}`)
  );
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
