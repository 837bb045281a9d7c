import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonError } from '../../src/events/json-error.js';
import { cpuMs } from '../helpers/cpu-time.js';

function reason(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return jsonError(text, error);
  }
  throw new Error(`${text} is JSON`);
}

test("the parser's words, and where", () => {
  const long = 'x'.repeat(200);
  const reasons: Record<string, string> = {
    '{"a":NaN}': "unexpected 'N' at position 5",
    [`{"a":"${long}","b":[1, {"c":"\\"]"}, -Infinity]}`]: 'no number after minus sign at position 230',
    [`{"a":"${long}","b":[1, {"c":"\\"]"}, Infinity]}`]: "unexpected 'I' at position 229",
    '{"a":undefined}': "unexpected 'u' at position 5",
    "{'a':1}": "expected property name or '}' at position 1",
    '{"a":1,}': 'expected double-quoted property name at position 7',
    '[1,]': "unexpected ']' at position 3",
    '[,1]': "unexpected ',' at position 1",
    '{"a":}': "unexpected '}' at position 5",
    '[tru]': "unexpected ']' at position 4",
    '[nul': 'unexpected end of JSON input',
    '{"a":"x\ny"}': 'bad control character in string literal at position 7',
    '{"a":"xy': 'unterminated string at position 8',
    '\u00a0{}': 'unexpected U+00A0 at position 0',
    '\u001b[31m': 'unexpected U+001B at position 0',
    '{} {}': 'unexpected non-whitespace character after JSON at position 3',
    '🌾': "unexpected '🌾' at position 0",
  };
  for (const [text, expected] of Object.entries(reasons)) assert.is(reason(text), expected, text);
});

test('whatever character is put into JSON, the position is there or before it', () => {
  const odd = fc.constantFrom('N', 'x', ',', ':', '}', ']', '\u202e', '\u0000', '"');
  fc.assert(
    fc.property(fc.json(), fc.nat(), odd, (json, place, character) => {
      const at = place % (json.length + 1);
      const text = json.slice(0, at) + character + json.slice(at);
      let said: string;
      try {
        said = reason(text);
      } catch {
        return;
      }
      assert.not.match(said, /[\p{Cc}\p{Cf}]/u);
      const position = /at position (\d+)$/.exec(said)?.[1];
      if (position !== undefined) assert.ok(Number(position) <= text.length);
      if (said.startsWith('unexpected ') && position !== undefined) assert.ok(!isPrefix(text, Number(position)), text);
    }),
    { numRuns: 2_000 },
  );
});

/** Whether the text could go on as JSON after the character at the position: then that is not the one. */
function isPrefix(text: string, position: number): boolean {
  try {
    JSON.parse(text.slice(0, position + 1));
    return true;
  } catch (error) {
    return /end of JSON input|Unterminated/.test((error as Error).message);
  }
}

test('a megabyte costs no more than reading it', () => {
  const text = `[${'[1,"\\"",{"a":null}],'.repeat(50_000)}NaN]`;
  const taken = cpuMs(() => assert.is(reason(text), `unexpected 'N' at position ${text.length - 4}`));
  assert.ok(taken < 1_000, `${taken} ms`);
});

test.run();
