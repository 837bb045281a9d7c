import { readFileSync } from 'node:fs';
import { programFile } from '../program-files.js';
import { type Command, exitCodes, UsageError } from './command.js';

const document = programFile('openapi/openapi.json');

export const openapi: Command = {
  usage: 'openapi',
  description: 'Prints the OpenAPI 3 document of the HTTP API, as a running daemon serves it at /openapi.json.',
  options: {},
  examples: ['event-sink openapi >event-sink.json', 'event-sink openapi | jq ".paths | keys"'],
  async run({ operands, terminal }) {
    if (operands.length > 0) throw new UsageError('openapi takes no arguments');
    terminal.out(readFileSync(document, 'utf8').trimEnd());
    return exitCodes.ok;
  },
};
