import { formatEntry } from '../keys/entries.js';
import { generateKey, isKeyName, keyEntry, parseScopes, scopes } from '../keys/keys.js';
import { type Command, exitCodes, text, UsageError } from './command.js';

export const keygen: Command = {
  usage: 'keygen NAME [--scopes SCOPES]',
  description:
    'Makes an API key, and the entry by which a daemon recognises it. The key itself is stored nowhere.\nAdd the entry to API_KEYS, or to API_KEYS_FILE on a line of its own.',
  options: {
    scopes: {
      type: 'string',
      value: 'SCOPES',
      description: `what the key may do: ${scopes.join(', ')}, joined by + (default: publish+read)`,
    },
  },
  examples: [
    'event-sink keygen clowder --scopes publish',
    'event-sink keygen ann --scopes read+admin',
    'event-sink keygen portal | tee >(jq -r .entry >>keys) | jq -r .key',
  ],
  async run({ values, operands, terminal }) {
    const [name, ...more] = operands;
    if (name === undefined || more.length > 0) throw new UsageError('keygen takes one name: event-sink keygen NAME');
    if (!isKeyName(name)) throw new UsageError('a name is 1 to 64 letters, digits, dots, dashes or underscores');
    const written = text(values, 'scopes') ?? 'publish+read';
    const granted = parseScopes(written.replaceAll(',', '+'));
    if (granted === undefined)
      throw new UsageError(`--scopes must be one or more of ${scopes.join(', ')}, joined by +, but is "${written}"`);
    const key = generateKey();
    const entry = formatEntry(keyEntry(key, name, granted));
    if (terminal.outIsTerminal) {
      terminal.out(`Key, for the client (shown only now):\n  ${key}`);
      terminal.out(`Entry, for API_KEYS or the API_KEYS_FILE of the daemon:\n  ${entry}`);
    } else {
      terminal.out(JSON.stringify({ name, key, entry }));
    }
    return exitCodes.ok;
  },
};
