import type { Socket } from 'node:net';
import { quoted } from '../../comparison.js';
import type { StartTls } from './starttls.js';

const maxAnswerBytes = 16 * 1024;

/**
 * Asks for TLS on a connection that is open.
 * @returns why there will be none, in words; undefined when the server waits for the handshake. Never rejects, and
 * never resolves when the server falls silent.
 */
export function askForTls(socket: Socket, { name, steps }: StartTls): Promise<string | undefined> {
  return new Promise(resolve => {
    let received = '';
    let bytes = 0;
    let offered = false;
    let at = 0;
    const end = (reason: string | undefined): void => {
      socket.off('data', read);
      socket.off('end', ended);
      socket.pause();
      resolve(reason);
    };
    const ended = (): void => end(`the server hangs up before it speaks TLS`);
    const read = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) return end(`the answer is not ${name}: it has no end`);
      received += chunk.toString('latin1');
      const lines = received.split(/\r?\n/);
      received = lines.pop() ?? '';
      for (const line of lines) {
        const step = steps[at];
        if (step === undefined) return end('the server speaks on after it has agreed to TLS');
        offered ||= step.offers?.test(line) ?? true;
        if (!step.last.test(line)) {
          if (isForeign(line, name)) return end(`the answer is not ${name}: ${quoted(line)}`);
          continue;
        }
        if (!step.good.test(line))
          return end(`${name} server answers ${quoted(line)} to ${step.sends ?? 'a connection'}`);
        if (!offered) return end(`${name} server does not offer STARTTLS`);
        offered = false;
        at += 1;
        const next = steps[at];
        if (next === undefined) return end(undefined);
        socket.write(`${next.sends ?? ''}\r\n`);
      }
    };
    socket.on('data', read);
    socket.once('end', ended);
  });
}

/** Answers of SMTP and FTP go on over lines such as `250-SIZE`; no line of theirs begins otherwise. */
function isForeign(line: string, name: string): boolean {
  return (name === 'SMTP' || name === 'FTP') && !/^\d{3}-/.test(line);
}
