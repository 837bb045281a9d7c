import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { complete, findProgram, nobody, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

export interface EximOptions {
  /** Nothing is taken without logging in so. */
  readonly login?: { readonly user: string; readonly password: string };
  /** STARTTLS, or TLS from the first byte on. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly from: 'starttls' | 'connect' };
}

export interface Mail {
  readonly headers: ReadonlyMap<string, string>;
  /** As it came, undecoded. */
  readonly text: string;
}

export interface Exim {
  readonly port: number;
  /** From now on. */
  setPassword(password: string): void;
  /** What it took, in no order: a copy for each recipient. Delivers what has not been. */
  mails(): Promise<readonly Mail[]>;
  stop(): Promise<void>;
}

/**
 * Debian's exim as an ordinary user, on a free port. It takes whatever comes, and delivers it into a folder when it is
 * asked for. It refuses the recipients `refused@` for good and `later@` for now, and mails whose subject holds
 * `REFUSE`.
 */
export async function startExim(options: EximOptions = {}): Promise<Exim | Skip> {
  const program = findProgram('/usr/sbin/exim4', 'exim');
  if (!program) return { skip: 'no exim4 found: install exim4-daemon-light, or run `npm run verify` as root' };
  const folder = temporaryFolder(nobody);
  const port = await freePort();
  const mailbox = join(folder.path, 'mail');
  for (const name of ['spool', 'spool/input', 'log', 'mail']) {
    mkdirSync(join(folder.path, name));
    if (nobody) chownSync(join(folder.path, name), nobody.uid, nobody.gid);
  }
  const pair = { cert: '', key: '' };
  if (options.tls) {
    for (const name of ['cert', 'key'] as const) {
      pair[name] = join(folder.path, `${name}.pem`);
      writeFileSync(pair[name], readFileSync(options.tls[name]));
      if (nobody) chownSync(pair[name], nobody.uid, nobody.gid);
    }
  }
  const passwordFile = join(folder.path, 'password');
  writeFileSync(passwordFile, options.login?.password ?? '');
  const file = join(folder.path, 'exim.conf');
  writeFileSync(file, configuration(folder.path, port, options, pair));
  const running = new Running(program, ['-bdf', '-C', file], { unprivileged: true });
  await until(async () => running.exit ?? (await answers(port)), 'exim that listens');
  if (running.exit) throw new Error(`exim ended with ${running.exit.code}: ${running.output}`);
  const delivered = join(mailbox, 'new');
  return {
    port,
    setPassword: password => writeFileSync(passwordFile, password),
    mails: async () => {
      await complete(program, ['-C', file, '-q'], { unprivileged: true });
      const names = existsSync(delivered) ? readdirSync(delivered) : [];
      return names.map(name => parse(readFileSync(join(delivered, name), 'utf8')));
    },
    stop: async () => {
      await running.stop('SIGTERM', 5_000);
      folder.remove();
    },
  };
}

function configuration(
  folder: string,
  port: number,
  { login, tls }: EximOptions,
  { cert, key }: { readonly cert: string; readonly key: string },
): string {
  const [uid, gid] = nobody ? [nobody.uid, nobody.gid] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return `
exim_user = ${uid}
exim_group = ${gid}
never_users =
primary_hostname = mail.example.org
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
${tls?.from === 'connect' ? `tls_on_connect_ports = ${port}` : ''}
queue_only = true
deliver_drop_privilege = true
host_lookup =
rfc1413_hosts =
smtp_accept_max = 50
keep_environment =
tls_advertise_hosts = ${tls ? '*' : ''}
${tls ? `tls_certificate = ${cert}\ntls_privatekey = ${key}` : ''}
acl_smtp_rcpt = recipients
acl_smtp_data = contents
begin acl
recipients:
  deny local_parts = refused
       message = no such person here
  defer local_parts = later
       message = greylisted, come again
${login ? '  deny !authenticated = *\n       message = log in first' : ''}
  accept
contents:
  deny condition = \${if match{$h_subject:}{REFUSE}}
       message = this looks like spam
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = ${folder}/mail
  maildir_format
  create_directory
  delivery_date_add
  envelope_to_add
begin authenticators
${
  login
    ? `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${login.user}}}{eq{$auth3}{\${readfile{${folder}/password}{}}}}}}
  server_set_id = $auth2`
    : ''
}
`;
}

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

function parse(text: string): Mail {
  const [head = ''] = text.split(/\r?\n\r?\n/, 1);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
  }
  return { headers, text };
}
