import { formatEntry, maxLimit, parseExpiry } from '../keys/entries.js';
import { generateKey, isKeyName, type KeyLimits, keyEntry, misfit, parseScopes, scopes } from '../keys/keys.js';
import { parseOrigin } from '../keys/origin.js';
import { type Command, exitCodes, number, type OptionValues, text, texts, UsageError } from './command.js';

export const keygen: Command = {
  usage: 'keygen NAME [--scopes SCOPES] [--expires TIME] [--quota N] [--concurrency N] [--origin ORIGIN]…',
  description:
    'Makes an API key, and the entry by which a daemon recognises it. The key itself is stored nowhere.\nAdd the entry to API_KEYS, or to API_KEYS_FILE on a line of its own.',
  options: {
    scopes: {
      type: 'string',
      value: 'SCOPES',
      description: `what the key may do: ${scopes.join(', ')}, joined by + (default: publish+read)`,
    },
    expires: { type: 'string', value: 'TIME', description: 'when it ends: a date (its last day, in UTC) or a time' },
    quota: { type: 'string', value: 'N', description: 'requests a minute' },
    concurrency: { type: 'string', value: 'N', description: 'requests at the same time' },
    origin: {
      type: 'string',
      multiple: true,
      value: 'ORIGIN',
      description: 'the pages it is for, https://portal.example.org; may be repeated',
    },
  },
  examples: [
    'event-sink keygen clowder --scopes publish',
    'event-sink keygen ann --scopes read+admin',
    'event-sink keygen student --scopes publish --expires 2026-12-31 --quota 60',
    'event-sink keygen page --scopes collect --origin https://portal.example.org',
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
    const limits = limitsOf(values);
    const wrong = misfit({ scopes: granted, ...limits });
    if (wrong !== undefined) throw new UsageError(`the key ${wrong.replace('origin=https', '--origin https')}`);
    const key = generateKey();
    const entry = formatEntry(keyEntry(key, name, granted, limits));
    if (terminal.outIsTerminal) {
      terminal.out(`Key, for the client (shown only now):\n  ${key}`);
      terminal.out(`Entry, for API_KEYS or the API_KEYS_FILE of the daemon:\n  ${entry}`);
    } else {
      terminal.out(JSON.stringify({ name, key, entry }));
    }
    return exitCodes.ok;
  },
};

function limitsOf(values: OptionValues): KeyLimits {
  const written = text(values, 'expires');
  const expires = written === undefined ? undefined : parseExpiry(written);
  if (written !== undefined && expires === undefined)
    throw new UsageError(`--expires must be 2026-12-31 or 2026-12-31T18:00:00Z, but is "${written}"`);
  const origins = texts(values, 'origin').map(origin => {
    const parsed = parseOrigin(origin);
    if (parsed === undefined)
      throw new UsageError(`--origin must be like https://portal.example.org, but is "${origin}"`);
    return parsed;
  });
  const quota = whole(values, 'quota');
  const concurrency = whole(values, 'concurrency');
  return {
    ...(expires === undefined ? {} : { expires }),
    ...(origins.length === 0 ? {} : { origins }),
    ...(quota === undefined ? {} : { quota }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

function whole(values: OptionValues, name: string): number | undefined {
  const value = number(values, name, 1, maxLimit);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new UsageError(`--${name} must be a whole number`);
}
