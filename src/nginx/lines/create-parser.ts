import type { LogFormat } from './format.js';
import { JsonParser } from './json-parser.js';
import type { LineParser } from './line-parser.js';
import { TemplateParser } from './template-parser.js';
import { TextParser } from './text-parser.js';

export function createParser(format: LogFormat): LineParser {
  switch (format.kind) {
    case 'json':
      return new JsonParser(format);
    case 'template':
      return new TemplateParser(format);
    default:
      return new TextParser(format);
  }
}
