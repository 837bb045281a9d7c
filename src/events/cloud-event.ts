import { type Acceptance, type Accepted, type ItemProblem, problemsOfShape } from './accept.js';
import { fieldKinds } from './field-kinds.js';
import { hashOf } from './identity.js';
import { memberTexts, withMember, withMembers } from './json-text.js';
import { isFromOutside } from './same-event.js';
import { parseTimestamp } from './timestamp.js';

type Members = Readonly<Record<string, unknown>>;

/** Attributes that have a place of their own in an event, or say nothing once it is read. */
const translated: ReadonlySet<string> = new Set(['specversion', 'type', 'time', 'datacontenttype', 'data']);
/** The same when a CloudEvent is sent again; extensions, such as those of tracing, may differ. */
const contentNames: ReadonlySet<string> = new Set(['ce_id', 'ce_source', 'ce_subject', 'ce_dataschema']);

const moment = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/;

/** How the fields begin that hold attributes. */
const prefix = 'ce_';

/**
 * Checks a CloudEvent (1.0, in the JSON format) on its arrival. The event is its `data`, to the letter, with `category`
 * and `type` from `type`, `created` from `time`, and the other attributes as `ce_<name>` at its end; a field of the
 * data that has such a name is kept as `<name>_original`. The id is a hash of `source` and `id`: with the same of both,
 * it is the same event. Fields of the data are not checked against the catalogue.
 */
export function acceptCloudEvent(input: unknown, { now, source, text = JSON.stringify(input) }: Acceptance): Accepted {
  if (!isObject(input)) return { problems: [{ field: '', message: 'a CloudEvent must be a JSON object' }] };
  const problems = problemsOf(input);
  if (problems.length > 0) return { problems };
  const data = isObject(input.data) ? input.data : {};
  const texts = memberTexts(text);
  const own = ownMembers(input, texts);
  const stamped = !own.has('created') && parseTimestamp(data.created) === undefined;
  const taken = new Set([...own.keys(), ...(stamped ? ['created'] : [])]);
  const placed = renamed(data, texts.get('data') ?? '{}', taken);
  const whole = withMembers(placed, [...own]);
  const body = stamped ? withMember(whole, 'created', String(now)) : whole;
  const fields = JSON.parse(body) as Members;
  const wrong = problemsOfShape(fields);
  if (wrong.length > 0) return { problems: wrong };
  const content = [...own].filter(([name]) => !name.startsWith(prefix) || contentNames.has(name));
  const hash = hashOf(withMembers(placed, content));
  return {
    message: {
      id: hashOf(JSON.stringify([input.source, input.id])),
      body,
      fields,
      source,
      received: now,
      ...(isFromOutside(source) ? { given: stamped ? { hash, stamped: now } : { hash } } : {}),
    },
  };
}

function problemsOf(event: Members): ItemProblem[] {
  const problems: ItemProblem[] = [];
  const check = (field: string, right: boolean, rule: string): void => {
    if (!right) problems.push({ field, message: `${field} ${rule}` });
  };
  const { specversion = null, type = null, time = null, data_base64: binary, data } = event;
  if (specversion === null) check('specversion', false, 'is missing');
  else check('specversion', specversion === '1.0', 'must be "1.0"');
  for (const name of ['id', 'source', 'type']) {
    const value = event[name] ?? undefined;
    if (value === undefined) check(name, false, 'is missing');
    else check(name, typeof value === 'string' && value !== '', 'must be a string that is not empty');
  }
  if (typeof type === 'string' && type !== '') {
    check('type', kindOf(type) !== undefined, 'must be a category, or category.type, such as view_resource.dataset');
  }
  const timely = typeof time === 'string' && moment.test(time) && parseTimestamp(time) !== undefined;
  check('time', time === null || timely, 'must be an RFC 3339 time between 1970 and 9999');
  check('data_base64', binary === undefined, 'is not supported: send the fields of the event as a JSON object in data');
  check('data', data === undefined || isObject(data), 'must be a JSON object: the fields of the event');
  return problems;
}

/** `category` or `category.type`: what follows the first dot is the type, dots and all. */
function kindOf(type: string): { readonly category: string; readonly type?: string } | undefined {
  const dot = type.indexOf('.');
  const category = dot === -1 ? type : type.slice(0, dot);
  if (!fieldKinds.category.accepts(category) || dot === type.length - 1) return undefined;
  return dot === -1 ? { category } : { category, type: type.slice(dot + 1) };
}

/** What the attributes say, as JSON texts by the names of fields. An attribute that is null is not there. */
function ownMembers(event: Members, texts: ReadonlyMap<string, string>): Map<string, string> {
  const { category, type } = kindOf(event.type as string)!;
  const own = new Map([['category', JSON.stringify(category)]]);
  if (type !== undefined) own.set('type', JSON.stringify(type));
  if (typeof event.time === 'string') own.set('created', texts.get('time') as string);
  // In one order, whatever theirs: sent again, the event has the same text.
  for (const name of [...texts.keys()].sort()) {
    if (!translated.has(name) && (event[name] ?? null) !== null) own.set(prefix + name, texts.get(name) as string);
  }
  return own;
}

/** The text of the data with other names for the fields that have one of these. */
function renamed(data: Members, text: string, taken: ReadonlySet<string>): string {
  const clashes = Object.keys(data).some(name => taken.has(name));
  if (!clashes) return text;
  const members = [...memberTexts(text)].map(([name, value]): [string, string] => {
    return [taken.has(name) ? keptName(name, data) : name, value];
  });
  return withMembers('{}', members);
}

function keptName(name: string, data: Members): string {
  let kept = `${name}_original`;
  while (Object.hasOwn(data, kept)) kept += '_original';
  return kept;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
