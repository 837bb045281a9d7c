import type { Outgoing } from '../../outgoing.js';
import { probeUserAgent } from '../../version.js';

/** What nginx says of itself (ngx_http_stub_status_module). The first three count since nginx was started. */
export interface StubStatus {
  readonly accepted: number;
  readonly handled: number;
  readonly requests: number;
  /** Connections that are open, waiting ones included. */
  readonly active: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

/** nginx answers in some 100 bytes. */
const maxAnswerBytes = 4096;
/** Tengine has a fourth number behind the requests: the time that they took. */
const form =
  /^Active connections: (\d{1,15})\s+server accepts handled requests(?: request_time)?\s+(\d{1,15}) (\d{1,15}) (\d{1,15})(?: \d+)?\s+Reading: (\d{1,15}) Writing: (\d{1,15}) Waiting: (\d{1,15})\s*$/;

/** @throws Error whose message says what is wrong with the answer */
export function readStubStatus(text: string): StubStatus {
  const found = form.exec(text)?.slice(1).map(Number);
  if (found === undefined) throw new Error('it answers with something else than stub_status');
  const [active = 0, accepted = 0, handled = 0, requests = 0, reading = 0, writing = 0, waiting = 0] = found;
  return { accepted, handled, requests, active, reading, writing, waiting };
}

/** @throws Error whose message says why nginx could not be asked */
export async function askStubStatus(
  url: string,
  outgoing: Pick<Outgoing, 'fetch'>,
  signal: AbortSignal,
): Promise<StubStatus> {
  const response = await outgoing.fetch(new URL(url), {
    headers: { 'user-agent': probeUserAgent },
    redirect: 'manual',
    signal,
  });
  const text = await textOf(response);
  if (response.status !== 200) throw new Error(`it answers ${response.status}`);
  return readStubStatus(text);
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString('latin1');
}
