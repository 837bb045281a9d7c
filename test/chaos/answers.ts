import type { Random } from '../helpers/random.js';
import type { StandInFault } from '../helpers/servers/mongodb/stand-in.js';
import type { ScriptedFault } from '../helpers/servers/stand-in.js';

/**
 * How a destination can answer wrongly. None of them says anything against an event, so none may cost one:
 *
 * - too many: 429 with Retry-After (MongoDB: a rate limit);
 * - failing: 500 to 504 (MongoDB: shutting down, not primary, no write concern); now and then what was asked happened
 *   all the same;
 * - garbage: no HTTP, or the page of some gateway;
 * - cut: the connection ends before or in the middle of the answer, after what was asked was done, or not;
 * - late: the right answer, seconds later;
 * - locked out: the credentials are refused;
 * - mixed: any of them, or the right answer, from one request to the next.
 */
export const answerFaults = ['too many', 'failing', 'garbage', 'cut', 'late', 'locked out', 'mixed'] as const;
export type AnswerFault = (typeof answerFaults)[number];

const page = '<html><body><h1>Gateway</h1></body></html>';
const html = { 'content-type': 'text/html' };

export function httpFault(fault: AnswerFault, random: Random): ScriptedFault | undefined {
  const processed = random.chance(0.5);
  switch (fault) {
    case 'too many':
      return { status: 429, body: '{}', headers: { 'retry-after': random.pick(['0', '1', '2']) } };
    case 'failing':
      return { status: random.pick([500, 502, 503, 504]), body: random.pick(['', 'oops', page]), processed };
    case 'garbage':
      return random.pick<ScriptedFault>([
        { garbage: '\u0000\u0001not HTTP\r\n\r\n', processed },
        { garbage: 'HTTP/1.1 200 OK\r\ncontent-length: banana\r\n\r\n', processed },
        { status: 200, body: page, headers: html, processed },
      ]);
    case 'cut':
      return { cut: random.pick(['before', 'middle'] as const), processed };
    case 'late':
      return { delayMs: random.integer(300, 3_000) };
    case 'locked out':
      return { status: 401, body: '{"code":"unauthorized","message":"unauthorized access"}' };
    case 'mixed':
      return random.chance(0.4) ? undefined : httpFault(random.pick(answerFaults), random);
  }
}

/** Only what stores something goes wrong: a connection check that fails is the proxy's business. */
export function mongoFault(fault: AnswerFault, command: string, random: Random): StandInFault | undefined {
  if (command !== 'insert') return undefined;
  switch (fault) {
    case 'too many':
      return { answer: { ok: 0, code: 16_500, codeName: 'TooManyRequests', errmsg: 'Request rate is large' } };
    case 'failing':
      return random.pick<StandInFault>([
        { answer: { ok: 0, code: 91, codeName: 'ShutdownInProgress', errmsg: 'The server is in quiesce mode' } },
        { answer: { ok: 0, code: 10_107, codeName: 'NotWritablePrimary', errmsg: 'not primary' } },
        {
          writeConcernError: { code: 64, codeName: 'WriteConcernTimeout', errmsg: 'waiting for replication timed out' },
        },
      ]);
    case 'garbage':
      return { garbage: Buffer.from('this is no reply of a MongoDB server, and it goes on for a while') };
    case 'cut':
      return random.chance(0.5) ? { drop: true } : { cut: true };
    case 'late':
      return { delayMs: random.integer(300, 3_000) };
    case 'locked out':
      return { answer: { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized on eventsink' } };
    case 'mixed':
      return random.chance(0.4) ? undefined : mongoFault(random.pick(answerFaults), command, random);
  }
}
