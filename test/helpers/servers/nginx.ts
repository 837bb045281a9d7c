import { chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { findProgram, nobody, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

export interface NginxOptions {
  /** What stands in `http { }`, such as a `log_format`. */
  readonly http?: string;
  /** What stands in `server { }`; by default every path is answered with 200 and a few bytes. */
  readonly server?: string;
  /** Name of the format of the access log. */
  readonly format?: string;
}

export interface Nginx {
  readonly url: string;
  readonly port: number;
  /** Path of the log that is written now. */
  readonly accessLog: string;
  /**
   * As logrotate does it: moves the log aside, then lets nginx open a new one. Resolves with the moved file's path when
   * the new one is there; a worker may write a few more lines to the old one, as in real life.
   */
  rotate(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * A real nginx as an ordinary user, on a free port, with its log in a temporary folder. Ready in a tenth of a second.
 */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx | Skip> {
  const program = findProgram('/usr/sbin/nginx', 'nginx');
  if (!program) return { skip: 'no nginx found: install nginx-light, or run `npm run verify` as root' };
  const folder = temporaryFolder(nobody);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const accessLog = join(folder.path, 'access.log');
  const errorLog = join(folder.path, 'error.log');
  const temporary = join(folder.path, 'temporary');
  mkdirSync(temporary);
  if (nobody) chownSync(temporary, nobody.uid, nobody.gid);
  writeFileSync(join(folder.path, 'nginx.conf'), configuration(port, options));
  // The error log is named on the command line as well: nginx opens its built-in one before it reads the configuration.
  const running = new Running(program, ['-p', folder.path, '-c', 'nginx.conf', '-e', errorLog], { unprivileged: true });
  await until(async () => running.exit ?? (await answers(port)), 'nginx that listens');
  if (running.exit) throw new Error(`nginx ended with ${running.exit.code}: ${running.output}`);

  let rotations = 0;
  return {
    url,
    port,
    accessLog,
    rotate: async () => {
      rotations += 1;
      const moved = `${accessLog}.${rotations}`;
      renameSync(accessLog, moved);
      running.signal('SIGUSR1');
      await until(() => existsSync(accessLog), 'a new log of nginx');
      return moved;
    },
    stop: async () => {
      await running.stop('SIGQUIT', 5_000);
      folder.remove();
    },
  };
}

/** Without a request: that would be a line of the log. */
function answers(port: number): Promise<true | undefined> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function configuration(port: number, { http = '', server, format = 'combined' }: NginxOptions): string {
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log;
events { worker_connections 256; }
http {
  ${temporaryPaths.map(name => `${name}_temp_path temporary/${name};`).join('\n  ')}
  ${http}
  access_log access.log ${format};
  server {
    listen 127.0.0.1:${port};
    ${server ?? "location / { return 200 'hello\\n'; }"}
  }
}
`;
}
