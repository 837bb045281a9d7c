/**
 * The origin of a page as it is written in a request: a name, an IPv4 address or `[::1]`. All of these are read by
 * `parseOrigin`, but for a name with `xn--` that is not an encoded one.
 */
const origin =
  /^https?:\/\/(?:(?:[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*\.)*[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*|(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])|\[::1\])(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$/;

/** Longest origin, characters. */
export const maxOriginLength = 256;

/** The same, for JSON Schema. */
export const originPattern = origin.source;

/** Scheme, host and port, as a browser writes it in the header Origin. */
export function parseOrigin(text: string): string | undefined {
  if (text.length > maxOriginLength || !/^https?:\/\/[^/?#@\s,;]+$/i.test(text) || !URL.canParse(text))
    return undefined;
  return new URL(text).origin;
}

/** As `parseOrigin`, of what `originPattern` describes. */
export function parseRequestOrigin(text: string): string | undefined {
  return text.length <= maxOriginLength && origin.test(text) ? parseOrigin(text) : undefined;
}
