import { z } from 'zod';

/**
 * The kinds of settings. Each reads a string, as the environment gives it, and says in its message what would be right;
 * the report adds the name and, unless it is a secret, the value. Defaults are strings too: `integer(0, 9).default('5')`.
 */

const words: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  '1': true,
  off: false,
  false: false,
  '0': false,
};

export function boolean() {
  return z.string().transform((text, context) => {
    const value = words[text.trim().toLowerCase()];
    return value ?? wrong(context, 'must be on or off');
  });
}

export function integer(min: number, max: number) {
  return z.string().transform((text, context) => {
    const trimmed = text.trim();
    const value = Number(trimmed);
    return /^-?\d+$/.test(trimmed) && value >= min && value <= max
      ? value
      : wrong(context, `must be a whole number from ${min} to ${max}`);
  });
}

/** Upper and lower case are the same; the output is spelt as given here. */
export function choice<const Choices extends readonly string[]>(...choices: Choices) {
  return z.string().transform((text, context): Choices[number] => {
    const wanted = text.trim().toLowerCase();
    const value = choices.find(choice => choice.toLowerCase() === wanted);
    return value ?? wrong(context, `must be one of ${choices.join(', ')}`);
  });
}

export function text() {
  return z.string().transform(value => value.trim());
}

/** Comma-separated; empty items are left out. */
export function list() {
  return z.string().transform((value): readonly string[] =>
    value
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== ''),
  );
}

/** An absolute address with one of these schemes and a host, as given but for a trailing slash. */
export function url(...schemes: string[]) {
  return z.string().transform((value, context) => {
    const trimmed = value.trim();
    const [first] = schemes;
    const parsed = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
    return parsed !== undefined && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.host !== ''
      ? trimmed.replace(/\/+$/, '')
      : wrong(context, `must be a URL that begins with ${schemes.join(':// or ')}://, such as ${first}://host`);
  });
}

function wrong(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: z.ZodIssueCode.custom, message });
  return z.NEVER;
}
