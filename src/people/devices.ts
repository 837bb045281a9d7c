import { isIP } from 'node:net';
import { UAParser } from 'ua-parser-js';
import type { Fields } from '../events/event.js';

/** What an event says about the device, in fields of its own or by its user agent; fields win. */
export interface Device {
  readonly userAgent: string | undefined;
  /** The event has fields on the device of its own: the user agent alone would say less. */
  readonly stated: boolean;
  readonly category: string | undefined;
  readonly platform: string | undefined;
  readonly system: string | undefined;
  readonly systemVersion: string | undefined;
  readonly browser: string | undefined;
  readonly browserVersion: string | undefined;
  readonly brand: string | undefined;
  readonly model: string | undefined;
  readonly screen: string | undefined;
  readonly language: string | undefined;
}

/** Where the event happened. */
export interface Place {
  readonly ip: string | undefined;
  /** As it was given: a name, or an ISO 3166 code. */
  readonly country: string | undefined;
  readonly region: string | undefined;
  readonly city: string | undefined;
}

/** Which fields state which fact. A sink sends them as facts and leaves them out of the rest. */
const deviceFields = {
  category: ['device_category', 'device_type'],
  platform: ['platform'],
  system: ['os_name', 'os', 'operating_system'],
  systemVersion: ['os_version', 'operating_system_version'],
  browser: ['browser'],
  browserVersion: ['browser_version'],
  brand: ['device_brand', 'device_manufacturer'],
  model: ['device_model'],
  screen: ['screen_resolution'],
  language: ['language'],
} as const;
const placeFields = { ip: ['ip'], country: ['country'], region: ['region'], city: ['city'] } as const;

/** Every field that is sent as a fact about the device or the place. */
export const factFields: ReadonlySet<string> = new Set([
  'user_agent',
  ...Object.values(deviceFields).flat(),
  ...Object.values(placeFields).flat(),
]);

const maxUserAgentLength = 512;
const rememberedAgents = 500;

/** Reads devices of events; remembers the user agents that it has parsed last. */
export class DeviceReader {
  readonly #parsed = new Map<string, UAParser.IResult>();

  read(fields: Fields): Device {
    const userAgent = text(fields.user_agent)?.slice(0, maxUserAgentLength);
    const agent = userAgent === undefined ? undefined : this.#parse(userAgent);
    const own = facts(fields, deviceFields);
    return {
      userAgent,
      stated: Object.values(own).some(value => value !== undefined),
      category: own.category ?? agent?.device.type ?? (agent?.os.name === undefined ? undefined : 'desktop'),
      platform: own.platform ?? (agent?.browser.name === undefined ? undefined : 'Web'),
      system: own.system ?? agent?.os.name,
      systemVersion: own.systemVersion ?? agent?.os.version,
      browser: own.browser ?? agent?.browser.name,
      browserVersion: own.browserVersion ?? agent?.browser.version,
      brand: own.brand ?? agent?.device.vendor,
      model: own.model ?? agent?.device.model,
      screen: own.screen,
      language: own.language,
    };
  }

  #parse(userAgent: string): UAParser.IResult {
    const known = this.#parsed.get(userAgent);
    if (known !== undefined) return known;
    const result = new UAParser(userAgent).getResult();
    const [oldest] = this.#parsed.keys();
    if (oldest !== undefined && this.#parsed.size >= rememberedAgents) this.#parsed.delete(oldest);
    this.#parsed.set(userAgent, result);
    return result;
  }
}

/** Whether a field of the event itself states the fact. */
export function isStated(fact: keyof typeof deviceFields, fields: Fields): boolean {
  return deviceFields[fact].some(name => text(fields[name]) !== undefined);
}

export function placeOf(fields: Fields): Place {
  const place = facts(fields, placeFields);
  return { ...place, ip: place.ip !== undefined && isIP(place.ip) !== 0 ? place.ip : undefined };
}

function facts<Fact extends string>(
  fields: Fields,
  names: Readonly<Record<Fact, readonly string[]>>,
): Record<Fact, string | undefined> {
  const entries = Object.entries<readonly string[]>(names).map(([fact, from]) => [
    fact,
    from.map(name => text(fields[name])).find(value => value !== undefined),
  ]);
  return Object.fromEntries(entries);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
