import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { until } from '../helpers/wait.js';

/**
 * Events of several requests are accepted in one commit. Whatever one of them is made of, those of the others are
 * stored, and it is refused in words, stored or set aside itself.
 */
const digits = '9'.repeat(100_000);
const members = (count: number): string => Array.from({ length: count }, (_, n) => `"f${n}":${n}`).join(',');
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** Bodies of requests, and the status of each; they have ids of their own unless they name some. */
const hostile: readonly (readonly [body: string | Buffer, status: number])[] = [
  ['{"category":"a\\u0000b","type":"\\u0000","\\u0000":"\\u0000"}', 202],
  ['{"category":"\\ud800","type":"\\udfff\\ud800","\\udc00":["\\ud83d"]}', 202],
  [Buffer.from([...Buffer.from('{"category":"'), 0xff, 0xc0, 0x80, ...Buffer.from('"}')]), 400],
  ['{"category":"x",\u0000"a":1}', 400],
  [`{"category":"x",${members(9_998)}}`, 202],
  [`{"category":"x",${members(10_001)}}`, 400],
  [`{"category":"x","a":${nested(39)}}`, 202],
  [`{"category":"x","a":${nested(5_000)}}`, 400],
  [`{"category":"x","a":${digits},"b":0.${digits},"c":-${digits}e${digits.slice(0, 5)},"d":1e-400,"e":-0}`, 202],
  ['{"category":"x","created":1e400}', 400],
  ['{"category":"x","created":-0}', 202],
  ['{"category":"x","created":99999999999999999}', 400],
  ['{"category":"x","created":"9999-12-31T23:59:60Z"}', 400],
  ['{"category":"a","category":"x","created":"never","created":5,"id":"i1","id":"i2"}', 202],
  ['{"category":"a","created":5,"created":null}', 400],
  ['{"category":"x","__proto__":{"created":"never","id":"stolen"},"constructor":{"prototype":null},"toJSON":{}}', 202],
  ['{"__proto__":{"category":"x"}}', 400],
  ['{"category":"__proto__","type":"constructor","id":"__proto__","hasOwnProperty":0}', 202],
  ['{"category":"x","id":"toString","text":"a body in the form of our own"}', 202],
  ['{"category":"x","_source":"health","_received":-1e300,"id_original":{},"id":"hasOwnProperty"}', 202],
  [`{"category":"x","a":"${'\\\\'.repeat(200_000)}\\"${'\\"'.repeat(100_000)}"}`, 202],
  ['[{"category":"x","id":"same"},{"category":"x","id":"same","a":1}]', 422],
  ['[{"category":"x"},{"category":7}]', 400],
];

async function post(daemon: TestDaemon, body: string | Buffer): Promise<{ status: number; ids: string[] }> {
  const headers = { 'content-type': 'application/json' };
  const response = await daemon.request('/v1/events', { method: 'POST', headers, body });
  const receipt = (await response.json()) as { ids?: string[] };
  return { status: response.status, ids: receipt.ids ?? [] };
}

const rounds = 3;

async function mixed(daemon: TestDaemon): Promise<void> {
  const [good, bad]: [string[], string[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      hostile.flatMap(([body, status], index) => [
        post(daemon, body).then(answer => {
          assert.is(answer.status, status, String(body).slice(0, 100));
          bad.push(...answer.ids);
        }),
        post(
          daemon,
          JSON.stringify([
            { category: 'good', round },
            { category: 'good', id: `good-${round}-${index}` },
          ]),
        ).then(answer => {
          assert.is(answer.status, 202);
          assert.is(answer.ids.length, 2);
          good.push(...answer.ids);
        }),
      ]),
    );
  }
  const local = async () => (await daemon.json('/v1/ledger')).sinks.find(({ sink }) => sink === 'local');
  await until(async () => (await local())?.pending === 0, 'nothing that waits for the local store');
  assert.is(good.length, rounds * hostile.length * 2);
  const stored = (await daemon.stored()).map(({ id }) => id);
  assert.is(new Set(stored).size, stored.length);
  const dead = (await daemon.json('/v1/dead-letters?sink=local&limit=1000')).dead_letters.map(({ id }) => id);
  const [there, aside] = [new Set(stored), new Set(dead)];
  assert.equal(
    good.filter(id => !there.has(id)),
    [],
  );
  assert.equal(
    bad.filter(id => !there.has(id) && !aside.has(id)),
    [],
  );
  // The ledger is shared among those who ask within 200 ms.
  await until(async () => (await local())?.difference === 0, 'a ledger that is balanced');
  assert.ok((await fetch(`${daemon.url}/readyz`)).ok);
}

const waiting = { MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=500` };

for (const [where, env] of [
  ['with the local store alone', {}],
  ['beside a queue in which all of it waits', waiting],
] as const) {
  test(`events of others are stored, whatever comes with them: ${where}`, async () => {
    const daemon = await new TestDaemon({ env }).start();
    try {
      await mixed(daemon);
      assert.is(await daemon.kill('SIGTERM'), 0);
    } finally {
      await daemon.remove();
    }
  });
}

test.run();
