import { readFileSync } from 'node:fs';
import { type Command, exitCodes, UsageError } from './command.js';

/** Where the package has it, seen from the compiled file. */
const document = new URL('../../../openapi/openapi.json', import.meta.url);

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
