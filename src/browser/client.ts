import { agentKind } from '../agents.js';
import type { CountryOf } from '../geoip/countries.js';
import { firstLanguage } from '../nginx/traffic/language.js';
import type { VisitorKeys } from '../nginx/traffic/visitors.js';

/** What addresses are looked up for. */
export interface Clients {
  /** Pseudonyms that change daily: the same visitor has the same one here and in the events of the NGINX logs. */
  readonly visitors: Pick<VisitorKeys, 'keyOf' | 'save'>;
  readonly countryOf: CountryOf;
}

/** What a request says of whoever sends it. */
export interface Sender {
  readonly address: string;
  readonly agent: string | undefined;
  /** Accept-Language. */
  readonly languages: string | undefined;
}

/** Characters of a browser's name for itself; no browser has a longer one. */
const maxAgentLength = 1024;

/**
 * What the server adds to each event of a request. The address goes no further than this function: whatever is to be
 * known of it, its country and its pseudonym, is looked up here.
 * @param now epoch ms: the day of the pseudonym is that of the arrival, since the time of an event is the client's word
 */
export function clientFacts(
  sender: Sender,
  { visitors, countryOf }: Clients,
  now: number,
): ReadonlyMap<string, string> {
  const agent = sender.agent?.slice(0, maxAgentLength) ?? '';
  const language = firstLanguage(sender.languages);
  const country = countryOf(sender.address);
  return new Map([
    ['source', 'browser'],
    ...(agent === '' ? [] : ([['user_agent', agent]] as const)),
    ['agent_kind', kindOf(agent)],
    ...(language === undefined ? [] : ([['language', language]] as const)),
    ...(country === undefined ? [] : ([['country', country]] as const)),
    ['visitor', visitors.keyOf(now, sender.address, agent)],
  ]);
}

/** Whatever is no browser and no crawler is a program that somebody runs. */
function kindOf(agent: string): 'person' | 'crawler' | 'machine' {
  const kind = agentKind(agent);
  return kind === 'person' || kind === 'crawler' ? kind : 'machine';
}
