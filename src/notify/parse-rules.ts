import { parseFilter } from '../events/filter.js';
import { hashOf } from '../events/identity.js';
import { nearest } from '../settings/nearest.js';
import type { Problems } from '../settings/setting.js';
import { occasions, type Rule } from './rule.js';
import { severities } from './signal.js';

/** A rule whose channels are names that nobody has compared with those that there are. */
export interface WrittenRule extends Omit<Rule, 'channels'> {
  /** Undefined: all. */
  readonly to: readonly string[] | undefined;
  /** For people: `notify.rules[1]`. */
  readonly place: string;
}

const keys = ['events', 'service', 'severity', 'when', 'after', 'again', 'to'] as const;
const defaultEvents = 'service_status,problem';

/** The rule where none is written: every change, both ways. */
export const everyChange: WrittenRule = parseRules([{}], { add: () => {} })[0]!;

/** Everything that is wrong goes to `problems`. */
export function parseRules(written: readonly unknown[], problems: Problems): readonly WrittenRule[] {
  return written.flatMap((one, index) => {
    const place = `notify.rules[${index}]`;
    if (typeof one === 'object' && one !== null && !Array.isArray(one))
      return parseRule(one as Readonly<Record<string, unknown>>, place, problems);
    problems.add(place, 'must be a mapping, such as {service: clowder, when: change, to: [email]}');
    return [];
  });
}

function parseRule(rule: Readonly<Record<string, unknown>>, place: string, problems: Problems): WrittenRule[] {
  for (const key of Object.keys(rule)) {
    if ((keys as readonly string[]).includes(key)) continue;
    const like = nearest(key, keys);
    problems.add(
      `${place}.${key}`,
      `is not a part of a rule. ${like === undefined ? `It has ${keys.join(', ')}` : `Did you mean ${like}?`}`,
    );
  }
  const wrong = (key: string, message: string): undefined => void problems.add(`${place}.${key}`, message);
  const texts = (key: string): readonly string[] | undefined => {
    const value = rule[key];
    if (value === undefined || value === null) return undefined;
    const list = (Array.isArray(value) ? value : [value]).map(item => (typeof item === 'number' ? String(item) : item));
    if (list.length > 0 && list.every(item => typeof item === 'string' && item.trim() !== ''))
      return list.flatMap((item: string) => item.split(',')).map(item => item.trim());
    return wrong(key, 'must be a text, or a list of texts');
  };
  const choice = <Choice extends string>(key: string, choices: readonly Choice[], usual: Choice): Choice => {
    const value = rule[key] ?? usual;
    const found = choices.find(each => each === value);
    return found ?? wrong(key, `must be one of ${choices.join(', ')}, but is "${String(value)}"`) ?? usual;
  };
  const duration = (key: string): number | undefined => {
    const value = rule[key] ?? undefined;
    if (value === undefined) return undefined;
    return durationOf(value) ?? wrong(key, 'must be a time such as 90s, 10m, 4h or 1d');
  };
  const events = (texts('events') ?? [defaultEvents]).join(',');
  const filter = parseFilter(events);
  if ('problem' in filter) wrong('events', filter.problem);
  const count = typeof rule.after === 'number' ? rule.after : undefined;
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1_000))
    wrong('after', 'must be a number of failures from 1 to 1000, or a time such as 10m');
  const againMs = duration('again');
  if (againMs !== undefined && againMs < 60_000) wrong('again', 'must be at least a minute');
  const to = texts('to');
  return [
    {
      id: hashOf(JSON.stringify(keys.map(key => rule[key] ?? null))),
      filter: 'filter' in filter ? filter.filter : { matches: () => true },
      services: texts('service') ?? [],
      severity: choice('severity', severities, 'info'),
      when: choice('when', occasions, 'change'),
      afterCount: count ?? 1,
      afterMs: count === undefined ? (duration('after') ?? 0) : 0,
      againMs,
      to: to?.map(name => (name.startsWith('notify.') ? name : `notify.${name}`)),
      place,
    },
  ];
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(value: unknown): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})\s*(s|m|min|h|d)$/.exec(String(value).trim()) ?? [];
  return count === undefined ? undefined : Number(count) * (unitsMs[unit] ?? 0);
}
