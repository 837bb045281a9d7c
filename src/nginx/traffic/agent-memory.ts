import { type AgentKind, agentKind, extractorName, showsKey } from '../../agents.js';
import type { LineParser } from '../lines/line-parser.js';
import { slots } from '../lines/slots.js';
import type { Request } from './requests.js';

const places = 4096;
/** Names of extractors that are taken from agents, and as many from the variable; further ones are `other`. */
const maxNames = 100;
/** Characters of an extractor's name that are kept. */
const maxNameLength = 100;
const kinds = ['person', 'machine', 'crawler', 'extractor', 'extractor with key', 'own'] as const;

type RememberedKind = (typeof kinds)[number];

/** Judges each agent once, and remembers it in the one place that its hash gives it. */
export class AgentMemory {
  readonly #parser: LineParser;
  readonly #hashes = new Int32Array(2 * places);
  readonly #kinds = new Uint8Array(places);
  readonly #names = new Array<string>(places).fill('');
  readonly #agentNames = new Set<string>();
  readonly #variableNames = new Set<string>();
  #place = -1;

  constructor(parser: LineParser) {
    this.#parser = parser;
  }

  /** The present line's agent, by its hash; what it is may also depend on the query. */
  find(high: number, low: number): RememberedKind {
    const place = low & (places - 1);
    this.#place = place;
    if (this.#hashes[2 * place] !== high || this.#hashes[2 * place + 1] !== low) {
      this.#hashes[2 * place] = high;
      this.#hashes[2 * place + 1] = low;
      const agent = this.#parser.text(slots.agent) ?? '';
      const kind = agentKind(agent);
      this.#kinds[place] = kinds.indexOf(kind);
      this.#names[place] = kind.startsWith('extractor') ? bounded(extractorName(agent), this.#agentNames) : '';
    }
    return kinds[this.#kinds[place]!]!;
  }

  /** No agent in the present line: unknown where the format has none, and else a program that gives none. */
  none(unsaid: 'person' | 'machine'): RememberedKind {
    this.#place = -1;
    return unsaid;
  }

  /** Who asked, once the query and the variable that names extractors are looked at. */
  kindOf(found: RememberedKind, request: Request): AgentKind {
    if (found === 'own') return found;
    if (this.#named() !== undefined) return 'extractor';
    if (found !== 'extractor with key') return found;
    return showsKey(request.query) ? 'extractor' : 'machine';
  }

  /** The name of the extractor that asked in the present line. */
  get extractor(): string {
    const named = this.#named();
    if (named !== undefined) return bounded(named, this.#variableNames);
    return this.#place < 0 ? 'unknown' : this.#names[this.#place]!;
  }

  #named(): string | undefined {
    return this.#parser.bounds[2 * slots.extractor]! < 0 ? undefined : this.#parser.text(slots.extractor);
  }
}

/** Anybody may send any agent, and any header that the variable may be; destinations keep an index of the names. */
function bounded(name: string, known: Set<string>): string {
  const short = name.slice(0, maxNameLength);
  if (!known.has(short) && known.size >= maxNames) return 'other';
  known.add(short);
  return short;
}
