import { isIP } from 'node:net';
import { type Asked, type Reply, StandIn } from './stand-in.js';

export type Hit = Readonly<Record<string, string>>;

const parameters: ReadonlySet<string> = new Set([
  ...['idsite', 'rec', 'apiv', 'bots', 'cdt', 'uid', '_id', 'ua', 'lang', 'res', 'cip', 'country', 'region', 'city'],
  ...['url', 'urlref', 'action_name', 'download', 'ca', 'e_c', 'e_a', 'e_n', 'e_v', 'dimension1'],
]);
const dayMs = 86_400_000;
const noAdmin = "You can't access this resource as it requires an 'admin' access for at least one website.";

/**
 * Matomo's bulk tracking as its code has it (plugins/BulkTracking), and stricter: whatever Matomo would bend is a
 * violation. Nothing is known by an id: what is sent twice is there twice.
 */
export class MatomoServer extends StandIn {
  token = 'token-of-the-writer';
  /** Its token hears which requests were left out. */
  isSuperUser = true;
  /** Its token may find and delete the visits of people. */
  isAdmin = true;
  /** It answers so to whoever deletes visits, and they stay. */
  deletes: unknown;
  readonly sites = new Set(['1']);
  hits: Hit[] = [];
  readonly #numbers = new WeakMap<Hit, number>();
  #lastVisit = 0;
  readonly violations: string[] = [];
  /** A request that Matomo calls invalid, beside those that it would by itself. */
  refuses: (hit: Hit) => boolean = () => false;
  /** Fails the whole batch, which is rolled back. */
  chokes: (hit: Hit) => boolean = () => false;

  constructor() {
    super(asked => this.#answer(asked));
  }

  /** The events that came with their id, in `dimension1`. */
  get ids(): string[] {
    return this.hits.flatMap(({ dimension1 }) => dimension1 ?? []);
  }

  #answer(asked: Asked): Reply {
    if (asked.url.search !== '') this.violations.push(`an address with ${asked.url.search}`);
    if (asked.method !== 'POST') return { status: 405, body: '' };
    if (asked.url.pathname === '/index.php') return this.#api(new URLSearchParams(asked.body));
    return asked.url.pathname === '/matomo.php' ? this.#track(asked) : { status: 404, body: '<h1>Not found</h1>' };
  }

  #api(asked: URLSearchParams): Reply {
    if (asked.get('token_auth') !== this.token) return error('Unable to authenticate with the provided token.');
    switch (asked.get('method')) {
      case 'SitesManager.getSiteFromId':
        return this.#site(asked);
      case 'PrivacyManager.findDataSubjects':
        return this.isAdmin ? this.#visits(asked) : error(noAdmin);
      case 'PrivacyManager.deleteDataSubjects':
        return this.isAdmin ? this.#delete(asked) : error(noAdmin);
      default:
        return error(`The method '${asked.get('method')}' does not exist or is not available.`);
    }
  }

  /** Each action is a visit of its own here. At most 401 are named. */
  #visits(asked: URLSearchParams): Reply {
    const [, user] = /^userId==([^;,]+)$/.exec(asked.get('segment') ?? '') ?? [];
    if (user === undefined) return error(`The segment condition '${asked.get('segment')}' is not valid.`);
    const found = this.hits.flatMap(hit => {
      const { uid, idsite } = hit;
      return uid === decodeURIComponent(user) && idsite === asked.get('idSite')
        ? [{ idVisit: this.#visitOf(hit), idSite: Number(idsite), userId: uid }]
        : [];
    });
    return { status: 200, body: JSON.stringify(found.slice(0, 401)) };
  }

  #visitOf(hit: Hit): number {
    const visit = this.#numbers.get(hit) ?? ++this.#lastVisit;
    this.#numbers.set(hit, visit);
    return visit;
  }

  #delete(asked: URLSearchParams): Reply {
    const named = [...asked].flatMap(([name, value]) =>
      /^visits\[\d+\]\[idvisit\]$/.test(name) ? [Number(value)] : [],
    );
    const sites = [...asked.keys()].filter(name => /^visits\[\d+\]\[idsite\]$/.test(name));
    if (named.length === 0 || sites.length !== named.length) return error('No list of visits given');
    if (this.deletes !== undefined) return { status: 200, body: JSON.stringify(this.deletes) };
    const visits = new Set(named);
    const before = this.hits.length;
    this.hits = this.hits.filter(hit => !visits.has(this.#visitOf(hit)));
    const gone = before - this.hits.length;
    return answer(200, { log_visit: gone, log_link_visit_action: gone, log_conversion: 0 });
  }

  /** `SitesManager.getSiteFromId`. */
  #site(asked: URLSearchParams): Reply {
    const id = asked.get('idSite') ?? '';
    return this.sites.has(id)
      ? { status: 200, body: JSON.stringify({ idsite: id }) }
      : error(`You can't access this resource as it requires 'view' access for the website id = ${id}.`);
  }

  #track({ body, headers }: Asked): Reply {
    if (headers['content-type'] !== 'application/json') this.violations.push('the content type');
    if (!body.includes('"requests"')) return { status: 400, body: '' };
    const { requests, token_auth } = JSON.parse(body) as { requests: string[]; token_auth: string };
    const isKnown = token_auth === this.token;
    const invalid: number[] = [];
    const tracked: Hit[] = [];
    for (const [index, request] of requests.entries()) {
      if (!request.startsWith('?')) this.violations.push('a request that is no query');
      const hit = Object.fromEntries(new URLSearchParams(request.slice(1)));
      if (this.chokes(hit)) return answer(400, { status: 'error', tracked: tracked.length, invalid: invalid.length });
      if (isInvalid(hit, this.sites, isKnown) || this.refuses(hit)) {
        invalid.push(index);
        continue;
      }
      this.violations.push(...violationsOf(hit));
      tracked.push(hit);
    }
    this.hits.push(...tracked);
    return answer(200, {
      status: 'success',
      tracked: tracked.length,
      invalid: invalid.length,
      ...(isKnown && this.isSuperUser ? { invalid_indices: invalid } : {}),
    });
  }
}

function isInvalid({ idsite = '', cdt = '', cip }: Hit, sites: ReadonlySet<string>, isKnown: boolean): boolean {
  if (!sites.has(idsite)) return true;
  return !isKnown && (cip !== undefined || Date.now() - Number(cdt) * 1000 > dayMs);
}

export function violationsOf(hit: Hit): string[] {
  const strange = Object.keys(hit).filter(name => !parameters.has(name));
  const wrong = Object.entries(hit).filter(([name, value]) => !isRight(name, value));
  const kinds = [hit.action_name, hit.download, hit.e_c].filter(value => value !== undefined).length;
  return [
    ...strange.map(name => `the parameter ${name}`),
    ...wrong.map(([name, value]) => `${name}=${value}`),
    ...(kinds === 1 ? [] : [`${kinds} kinds of actions at once`]),
    ...((hit.e_c === undefined) === (hit.e_a === undefined) ? [] : ['half an event']),
  ];
}

function isRight(name: string, value: string): boolean {
  switch (name) {
    case 'rec':
    case 'apiv':
    case 'bots':
    case 'ca':
      return value === '1';
    case 'cdt':
      return /^\d{1,12}$/.test(value);
    case '_id':
      return /^[0-9a-f]{16}$/.test(value);
    case 'cip':
      return isIP(value) !== 0;
    case 'country':
      return /^[a-z]{2}$/.test(value);
    case 'url':
    case 'urlref':
    case 'download':
      return /^https?:\/\//i.test(value) && URL.canParse(value) && value.length <= 4_096;
    case 'e_v':
      return value !== '' && Number.isFinite(Number(value));
    case 'ua':
      return value !== '' && value.length <= 512;
    default:
      return value.trim() !== '' && value.length <= 255;
  }
}

function error(message: string): Reply {
  return { status: 401, body: JSON.stringify({ result: 'error', message }) };
}

function answer(status: number, body: object): Reply {
  return { status, body: JSON.stringify(body) };
}
