import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AdjustableLog, createLog } from '../src/log.js';
import { redact } from '../src/redact.js';

async function logged(pretty: boolean, write: (log: AdjustableLog) => void): Promise<string> {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  write(await createLog({ level: 'info', pretty, stream }));
  return text;
}

test('a line is one JSON object, with the error in words', async () => {
  const cause = new Error('ECONNREFUSED');
  const text = await logged(false, log =>
    log.child({ sink: 'mongodb' }).warn({ reason: new Error('no answer', { cause }) }, 'batch.held'),
  );
  const { level, sink, msg, reason, time } = JSON.parse(text);
  assert.equal([level, sink, msg], ['warn', 'mongodb', 'batch.held']);
  assert.is(reason, 'no answer (ECONNREFUSED)');
  assert.match(time, /^\d{4}-.*Z$/);
});

test('the level is respected', async () => {
  assert.is(await logged(false, log => log.debug({}, 'not.wanted')), '');
});

test('another level holds for all children, those that were made before too', async () => {
  const text = await logged(false, log => {
    const child = log.child({ sink: 'mongodb' }).child({ part: 'one' });
    log.setLevel('debug');
    child.debug({}, 'now.wanted');
    log.setLevel('silent');
    child.fatal({}, 'not.wanted');
  });
  const { msg, sink, part } = JSON.parse(text);
  assert.equal([msg, sink, part], ['now.wanted', 'mongodb', 'one']);
});

test('no line shows a secret, for programs or for people', async () => {
  for (const pretty of [false, true]) {
    const text = await logged(pretty, log => {
      log.info(
        { headers: { authorization: 'hunter2', 'x-api-key': 'hunter2', cookie: 'hunter2' }, token: 'hunter2' },
        'a.b',
      );
      log.info({ config: { sink: { password: 'hunter2', api_secret: 'hunter2' } } }, 'a.b');
      log.error({ reason: new Error('connect amqp://user:hunter2@host failed') }, 'a.b');
      log.error(
        { reason: 'POST https://h/mp/collect?measurement_id=G-1&api_secret=hunter2', uri: 'mongodb://u:hunter2@h/x' },
        'a.b',
      );
    });
    assert.not.match(text, 'hunter2');
    assert.match(text, 'host');
  }
});

test('addresses keep what is no secret', () => {
  assert.is(
    redact('amqps://u:p%40x@a:5671,amqps://b:1/v?heartbeat=5'),
    'amqps://[hidden]@a:5671,amqps://b:1/v?heartbeat=5',
  );
  assert.is(redact('mongodb://u:p@ss@a,b/x'), 'mongodb://[hidden]@a,b/x');
  assert.is(redact('GET https://h/x?a=1&key=2&b=3#key'), 'GET https://h/x?a=1&key=[hidden]&b=3#key');
  assert.is(redact('mail ann@example.org about https://h/@ann'), 'mail ann@example.org about https://h/@ann');
});

test('what others wrote neither acts on a terminal nor looks like a line of its own, for programs or for people', async () => {
  const hostile = `a\u001b[2Jb\u009b31mc\r\nd\u202ee\u0007f\u2028g\u007f`;
  for (const pretty of [false, true]) {
    const text = await logged(pretty, log => {
      const error = new Error(hostile);
      log.error({ reason: hostile, nested: { list: [hostile] }, stack: error.stack }, 'a.b');
      log.error({ reason: new Error(hostile) }, 'a.b');
    });
    assert.not.match(text, /[^\P{Cc}\n]|\p{Bidi_Control}|\u2028/u, JSON.stringify(text));
    assert.not.match(text, /^d/m);
    assert.match(text, /\\x1b\[2J/);
    assert.match(text, /log\.test/);
  }
});

test.run();
