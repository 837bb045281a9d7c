import type { ActorStatus } from '../../../openapi/api-types.js';
import { bytes, duration, number, percent, plural, seconds } from '../elements/format.js';
import { units } from './units.js';

type Detail = ActorStatus['detail'];
type Write = (value: number, now: number) => string;

const byUnit = {
  seconds,
  percent,
  bytes,
  days: days => plural(Math.floor(days), 'day'),
  ago: (time, now) => `${duration(now - time)} ago`,
} as const satisfies Readonly<Record<string, Write>>;

/** Details with a unit. Others are counts, which need none. */
const unitOf: Readonly<Record<string, keyof typeof byUnit>> = {
  ...units,
  response_time: 'seconds',
  loss: 'percent',
  checked: 'ago',
};

/** What a person would call it, where the name alone does not say it. */
const names: Readonly<Record<string, string>> = {
  detail: '',
  uptime: 'uptime in 24 hours',
  rate: 'events a second at most',
  batch_size: 'events in one write at most',
  concurrency: 'writes at once at most',
  http_status: 'HTTP status',
  time_dns: 'DNS',
  time_connect: 'connecting',
  time_tls: 'TLS',
  time_first_byte: 'first byte',
  certificate_days_left: 'certificate valid for',
};

/** Shown elsewhere in the row, or only of use to programs. */
const hidden = new Set(['service', 'status', 'found', 'status_since']);

/** What an actor reports about itself, as a person reads it: names in words, numbers with their units. */
export function detailsOf(detail: Detail, now: number): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(detail).flatMap(([key, value]) => {
    if (value === null || value === '' || value === false || hidden.has(key)) return [];
    const name = names[key] ?? key.replaceAll('_', ' ');
    if (typeof value === 'number') {
      const unit = unitOf[key];
      return [{ name, value: unit === undefined ? number(value) : byUnit[unit](value, now) }];
    }
    return [{ name, value: value === true ? 'yes' : value }];
  });
}
