/**
 * One point as a server understands its line. Independent of the code under test: written from the format's
 * description and checked against a real 1.6.7.
 */
export interface ParsedPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, ParsedField>>;
  readonly ns: bigint;
}

export interface ParsedField {
  readonly type: 'float' | 'integer' | 'unsigned' | 'string' | 'boolean';
  readonly value: string | number | boolean | bigint;
}

/** Lines of a body: a line break inside a quoted text does not end a line. Comments and empty lines are left out. */
export function linesIn(body: string): string[] {
  return body.split('\n').filter(line => line !== '' && !line.startsWith('#'));
}

/** @throws an Error that says what is wrong with the line */
export function parseLine(line: string): ParsedPoint {
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`unable to parse '${line}': ${what}`);
  };
  /**
   * Up to an unescaped one of `ends`; an escaped character of `escapable` stands for itself,
   * any other backslash for a backslash.
   */
  const token = (ends: string, escapable: string): string => {
    let text = '';
    while (at < line.length && !ends.includes(line[at]!)) {
      if (line[at] === '\\' && escapable.includes(line[at + 1] ?? '\n')) at += 1;
      text += line[at];
      at += 1;
    }
    return text;
  };
  const measurement = token(', ', ', ');
  if (measurement === '' || measurement.startsWith('_')) fail('bad measurement');
  const tags: Record<string, string> = Object.create(null);
  while (line[at] === ',') {
    at += 1;
    const key = token(',= ', ',= ');
    if (key === '' || line[at] !== '=') fail('missing tag key or value');
    at += 1;
    const value = token(',= ', ',= ');
    if (value === '') fail('missing tag value');
    if (line[at] === '=') fail('invalid tag format');
    if (Object.hasOwn(tags, key)) fail('duplicate tags');
    checkName(key, fail);
    tags[key] = value;
  }
  if (line[at] !== ' ') fail('missing fields');
  const fields: Record<string, ParsedField> = Object.create(null);
  do {
    at += 1;
    const key = token(',= ', ',= ');
    if (key === '' || line[at] !== '=') fail('missing field key or value');
    at += 1;
    if (Object.hasOwn(fields, key)) fail(`field ${key} stands there twice`);
    checkName(key, fail);
    fields[key] = line[at] === '"' ? text() : plain(token(', ', ''));
  } while (line[at] === ',');
  if (line[at] !== ' ') fail('missing timestamp');
  const timestamp = line.slice(at + 1);
  if (!/^-?\d{1,19}$/.test(timestamp)) fail('bad timestamp');
  const ns = BigInt(timestamp);
  if (ns > 9_223_372_036_854_775_806n) fail('time outside range');
  return { measurement, tags, fields, ns };

  function text(): ParsedField {
    let value = '';
    for (at += 1; line[at] !== '"'; at += 1) {
      if (at >= line.length) fail('unbalanced quotes');
      if (line[at] === '\\' && '"\\'.includes(line[at + 1] ?? 'x')) at += 1;
      value += line[at];
    }
    at += 1;
    if (Buffer.byteLength(value) > 65_536) fail('string too long');
    return { type: 'string', value };
  }

  function plain(word: string): ParsedField {
    if (/^-?\d+i$/.test(word)) return { type: 'integer', value: BigInt(word.slice(0, -1)) };
    if (/^\d+u$/.test(word)) return { type: 'unsigned', value: BigInt(word.slice(0, -1)) };
    if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return { type: 'float', value: Number(word) };
    if (/^(t|T|true|True|TRUE|f|F|false|False|FALSE)$/.test(word)) return { type: 'boolean', value: /^t/i.test(word) };
    return fail(`bad value ${word}`);
  }
}

function checkName(name: string, fail: (what: string) => never): void {
  if (name === 'time' || name.startsWith('_')) fail(`the name ${name} is reserved`);
}
