import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), one conversation. */
export class Scram {
  readonly #passwordOf: (user: string) => string | undefined;
  readonly #salt = randomBytes(16);
  #user = '';
  #nonce = '';
  #said = '';

  constructor(passwordOf: (user: string) => string | undefined) {
    this.#passwordOf = passwordOf;
  }

  begin(payload: string): string {
    const bare = payload.slice(payload.indexOf('n='));
    this.#user = attribute(bare, 'n').replaceAll('=2C', ',').replaceAll('=3D', '=');
    this.#nonce = attribute(bare, 'r') + randomBytes(18).toString('base64');
    const first = `r=${this.#nonce},s=${this.#salt.toString('base64')},i=4096`;
    this.#said = `${bare},${first}`;
    return first;
  }

  /** The server's proof, or undefined when the client's is wrong. */
  finish(payload: string): { user: string; payload: string } | undefined {
    const password = this.#passwordOf(this.#user);
    if (password === undefined || attribute(payload, 'r') !== this.#nonce) return undefined;
    const said = `${this.#said},${payload.slice(0, payload.lastIndexOf(',p='))}`;
    const salted = pbkdf2Sync(password, this.#salt, 4096, 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), said);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64');
    if (proof !== attribute(payload, 'p')) return undefined;
    return { user: this.#user, payload: `v=${hmac(hmac(salted, 'Server Key'), said).toString('base64')}` };
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function attribute(message: string, name: string): string {
  const part = message.split(',').find(piece => piece.startsWith(`${name}=`));
  return part?.slice(2) ?? '';
}
