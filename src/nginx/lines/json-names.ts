import type { SlotName } from './slots.js';
import { variables } from './variables.js';

export interface JsonKey {
  readonly slot: SlotName;
  /** Where several keys of a line could fill a slot, the lowest does. */
  readonly rank: number;
  /** What its number is multiplied with, to be in the slot's unit (seconds, bytes). */
  readonly scale?: number;
}

/**
 * Names that people and programs give to the keys of a JSON log, in small letters and digits alone: see
 * `plainName`. Of each slot the surest first.
 */
const common: Readonly<Partial<Record<SlotName, string>>> = {
  // clienthost: Traefik; requestremoteip, requestclientip: Caddy; sourceip, clientip: Elastic Common Schema.
  address:
    'remoteaddr remoteaddress remoteip remotehost clientip clientaddress clienthost client ip ipaddress sourceip sourceaddress srcip requestclientip requestremoteip xrealip httpxrealip xforwardedfor httpxforwardedfor',
  timeIso: 'timeiso8601 timelocal time timestamp ts datetime date eventtime requesttimestamp startutc startlocal',
  msec: 'msec',
  // The whole request line.
  request: 'request requestline',
  method: 'requestmethod method httpmethod verb httprequestmethod',
  target: 'requesturi requestpath uri url path urlpath urloriginal target requesturl documenturi',
  query: 'args querystring query urlquery requestquery',
  status:
    'status statuscode httpstatus httpstatuscode responsestatus responsecode responsestatuscode downstreamstatus originstatus httpresponsestatuscode code',
  bytes:
    'bodybytessent bytessent bytes size responsesize responselength bodybytes responsebytes downstreamcontentsize httpresponsebodybytes contentlength',
  referrer: 'httpreferer httpreferrer referer referrer requestreferer requestheadersreferer httprequestreferrer',
  agent: 'httpuseragent useragent agent ua requestuseragent requestheadersuseragent useragentoriginal',
  // requestheadersacceptlanguage: Caddy; requestacceptlanguage: Traefik.
  languages: 'httpacceptlanguage acceptlanguage requestheadersacceptlanguage requestacceptlanguage',
  pid: 'pid',
  connection: 'connection',
  // clientusername: Traefik; userid: Caddy; username: Elastic Common Schema.
  user: 'remoteuser user username clientusername userid remoteusername authuser',
  // requestcontentsize: Traefik; bytesread: Caddy.
  received: 'requestcontentlength requestlength requestsize requestcontentsize requestbytes bytesread bytesreceived',
  duration: 'requesttime duration responsetime latency elapsed requestduration',
};

/** By their exact spelling, since their unit differs: Traefik counts in nanoseconds, others in milliseconds. */
const exact: Readonly<Record<string, JsonKey>> = {
  Duration: { slot: 'duration', rank: 0, scale: 1e-9 },
  'event.duration': { slot: 'duration', rank: 0, scale: 1e-9 },
  duration_ms: { slot: 'duration', rank: 1, scale: 1e-3 },
  durationMs: { slot: 'duration', rank: 1, scale: 1e-3 },
  request_time_ms: { slot: 'duration', rank: 1, scale: 1e-3 },
  response_time_ms: { slot: 'duration', rank: 1, scale: 1e-3 },
  latency_ms: { slot: 'duration', rank: 1, scale: 1e-3 },
};

const names: ReadonlyMap<string, JsonKey> = new Map([
  ...(Object.entries(common) as [SlotName, string][]).flatMap(([slot, list]) =>
    list.split(' ').map((name, rank): [string, JsonKey] => [name, { slot, rank }]),
  ),
]);

/** `request_User-Agent`, `userAgent` and `user_agent.original` in one spelling. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** What a key means in a log of which no template is known; nested keys are joined by dots. */
export function keyNamed(path: string): JsonKey | undefined {
  return exact[path] ?? names.get(plainName(path));
}

/** What a key means that holds this variable of nginx. */
export function keyOfVariable(name: string): JsonKey | undefined {
  const { slot, rank = 0 } = variables[name] ?? {};
  return slot === undefined ? undefined : { slot, rank };
}
