import type { LogFormat } from './format.js';
import { JsonParser } from './json-parser.js';
import type { LineParser } from './line-parser.js';
import { TextParser } from './text-parser.js';

export function createParser(format: LogFormat): LineParser {
  return format.kind === 'json' ? new JsonParser(format) : new TextParser(format);
}
