import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';

/**
 * The connections of the checks and nothing else: no event, no state, no disk. What watching costs above this is the
 * daemon's own; this is what the machine and Node take.
 *
 *   node checks.js KIND ADDRESS CHECKS-A-SECOND [CA-FILE]
 */
const [kind = '', address = '', perSecond = '1', ca] = process.argv.slice(2);
const port = kind === 'tcp' || kind === 'tls' ? Number(new URL(address).port) : 0;
const secureContext = ca === undefined ? undefined : createSecureContext({ ca: readFileSync(ca) });

const checks: Readonly<Record<string, () => void>> = {
  http: () => void get(address, { agent: false }, response => response.resume()),
  tcp: () => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy());
  },
  tls: () => {
    const options = { port, host: '127.0.0.1', servername: 'localhost', secureContext, rejectUnauthorized: false };
    const socket = connectTls(options, () => socket.destroy());
  },
  dns: () => void lookup('localhost', { all: true }),
  file: () => void stat(address),
};
const check = checks[kind];
if (check === undefined) throw new Error(`no check of kind ${kind}`);
setInterval(check, 1000 / Number(perSecond));
