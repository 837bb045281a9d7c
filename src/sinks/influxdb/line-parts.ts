export interface LineParts {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Whole numbers that a double cannot hold are texts of their digits. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** Nanoseconds, as text: they are beyond a double. */
  readonly time: string;
}

/**
 * What a line of ours says, as a server reads it: line-protocol.ts writes them. A backslash escapes what would end a
 * name or a text, and stands for itself elsewhere.
 */
export function partsOf(line: string): LineParts {
  let at = 0;
  const until = (ends: string, escapable: string): string => {
    let text = '';
    for (; at < line.length && !ends.includes(line[at]!); at += 1) {
      if (line[at] === '\\' && escapable.includes(line[at + 1] ?? '\n')) at += 1;
      text += line[at];
    }
    return text;
  };
  const measurement = until(', ', ', ');
  const tags: [string, string][] = [];
  const fields: [string, string | number | boolean][] = [];
  while (line[at] === ',') {
    at += 1;
    const name = until('=', ',= ');
    at += 1;
    tags.push([name, until(', ', ',= ')]);
  }
  do {
    at += 1;
    const name = until('=', ',= ');
    at += 1;
    if (line[at] !== '"') fields.push([name, plain(until(', ', ''))]);
    else {
      at += 1;
      fields.push([name, until('"', '"\\')]);
      at += 1;
    }
  } while (line[at] === ',');
  return { measurement, tags: Object.fromEntries(tags), fields: Object.fromEntries(fields), time: line.slice(at + 1) };
}

function plain(word: string): string | number | boolean {
  if (word === 'true' || word === 'false') return word === 'true';
  const digits = word.replace(/[iu]$/, '');
  const number = Number(digits);
  return digits !== word && !Number.isSafeInteger(number) ? digits : number;
}
