import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { withMember } from '../events/json-text.js';
import { type FieldError, HttpProblem } from './problem.js';

/**
 * The binary form of CloudEvents over HTTP: attributes in headers `ce-<name>`, the data as the body.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */

/** Whether the headers are those of a CloudEvent: one attribute is enough, so that others can be missed. */
export function isBinaryCloudEvent(headers: IncomingHttpHeaders): boolean {
  return (
    headers['ce-id'] !== undefined ||
    headers['ce-specversion'] !== undefined ||
    headers['ce-source'] !== undefined ||
    headers['ce-type'] !== undefined
  );
}

/** JSON of any kind can be data: `application/json`, `application/vnd.example+json`. */
export function isJsonType(contentType: string | undefined): boolean {
  return /^application\/(?:json|[a-z0-9.!#$&^_-]+\+json) *(?:; *charset="?utf-?8"? *)?$/i.test(contentType ?? '');
}

/**
 * The same event in the JSON format.
 * @param data JSON text; undefined without a body
 * @throws HttpProblem 400 for a header that is not UTF-8
 */
export function inJsonFormat(headers: IncomingHttpHeaders, data: string | undefined): string {
  const errors: FieldError[] = [];
  const attributes: [name: string, value: string][] = [];
  for (const [header, value] of Object.entries(headers)) {
    // A content type is a header of its own here, and the data is the body.
    if (!header.startsWith('ce-') || ['ce-datacontenttype', 'ce-data', 'ce-data_base64'].includes(header)) continue;
    const text = decoded(String(value));
    if (text === undefined) errors.push({ field: header, message: `${header} is not percent-encoded UTF-8` });
    else attributes.push([header.slice('ce-'.length), text]);
  }
  if (errors.length > 0) throw new HttpProblem('invalid-request', 'A header cannot be read.', { errors });
  // fromEntries makes own properties of every name, `__proto__` too.
  const text = JSON.stringify(Object.fromEntries(attributes));
  return data === undefined ? text : withMember(text, 'data', data);
}

/**
 * A header's text, decoded once. Early versions wrote quoted strings. Node gives each byte as a character.
 * Undefined when it is not UTF-8.
 */
function decoded(header: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(header)?.[1];
  const plain = quoted === undefined ? header : quoted.replace(/\\(.)/gs, '$1');
  const bytes = plain.replace(/%([0-9A-Fa-f]{2})/g, (_found, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
}
