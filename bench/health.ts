import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { makeCertificates } from '../test/helpers/certificates.js';
import { portOf } from '../test/helpers/ports.js';
import { required } from '../test/helpers/skip.js';
import { temporaryFolder } from '../test/helpers/temporary.js';
import { benchDaemon, end } from './measure/daemon.js';
import { quick, type Row, report } from './measure/report.js';

/**
 * What watching costs: the CPU of the whole daemon (probes, events, commits, the local store) with 200 targets at a 10
 * s interval, beside the same daemon with none, and beside a bare program that makes the same connections and nothing
 * else, whose share says how fast this machine is. The target: less than 5 % of a core. The servers run in this process
 * and are not counted.
 */
const seconds = quick ? 20 : 60;
const targets = 200;
const interval = 10;
/** Nothing that belongs to the start is measured: each target has its first state after two runs. */
const settleSeconds = 2 * interval + 2;

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of all threads and of its ended children, s. */
function cpuSeconds(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / ticksPerSecond;
}

const wait = (s: number): Promise<void> => new Promise(resolve => setTimeout(resolve, s * 1000));

async function measure(written: readonly string[]): Promise<{ share: number; runs: number }> {
  const daemon = await benchDaemon({
    HEALTH_TARGETS: written.join(','),
    HEALTH_INTERVAL_SECONDS: String(interval),
  }).start();
  const runs = async (): Promise<number> => (written.length === 0 ? 0 : (await daemon.stored('health')).length);
  try {
    await wait(settleSeconds);
    const before = await runs();
    const cpu = cpuSeconds(daemon.pid);
    const began = performance.now();
    await wait(seconds);
    const share = (cpuSeconds(daemon.pid) - cpu) / ((performance.now() - began) / 1000);
    return { share, runs: (await runs()) - before };
  } finally {
    await end(daemon);
  }
}

/** Share of a core that the same connections take without a daemon. */
async function measureBare(kind: string, address: string): Promise<number> {
  const program = new URL('./floor/checks.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, kind, address, String(targets / interval), ca], { stdio: 'inherit' });
  try {
    await wait(5);
    const cpu = cpuSeconds(Number(child.pid));
    const began = performance.now();
    await wait(seconds / 2);
    return (cpuSeconds(Number(child.pid)) - cpu) / ((performance.now() - began) / 1000);
  } finally {
    child.kill();
  }
}

const listen = async <S extends Server>(server: S): Promise<S> => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const web = await listen(createServer((_request, response) => response.end('{"status":"ok"}')));
const port = await listen(createTcpServer(socket => socket.on('error', () => {}).resume()));
const folder = temporaryFolder();
const { ca, valid } = required('certificates', makeCertificates(folder.path));
const secure = await listen(createTlsServer(valid, socket => socket.on('error', () => {}).resume()));
const many = (address: string): string[] => Array.from({ length: targets }, (_, index) => `t${index}=${address}`);

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const idle = await measure([]);
const rows: Row[] = [];
for (const [name, address, more] of [
  ['http', `http://127.0.0.1:${portOf(web)}/healthz`, ''],
  ['tcp', `tcp://127.0.0.1:${portOf(port)}`, ''],
  ['tls', `tls://127.0.0.1:${portOf(secure)}`, ` ca=${ca}`],
  ['dns', 'dns://localhost', ''],
  ['file', `file:${folder.path}`, ' expect.max_age=86400'],
] as const) {
  const bare = await measureBare(name, address.replace(/^file:/, ''));
  const { share, runs } = await measure(many(`${address}${more}`));
  const each = ((share - idle.share) * seconds * 1000) / runs;
  rows.push({
    what: `${targets} targets of kind ${name} every ${interval} s: CPU of the whole daemon`,
    reached: share * 100,
    target: 5,
    good: 'at most',
    unit: ' % of a core',
    details: [
      `${runs} runs in ${seconds} s, ${each.toFixed(2)} ms of CPU each; without a target the daemon takes ${percent(idle.share)}`,
      `a bare program that makes the same connections and nothing else takes ${percent(bare)}: the daemon is ${(share / bare).toFixed(1)} times that`,
    ],
  });
}
report(rows);
web.closeAllConnections();
web.close();
port.close();
secure.close();
folder.remove();
