import { agentKind } from '../agents.js';
import type { IsRobot } from './robots.js';

/** What asked, for usage: people and machines are counted apart, the others not at all. */
export type Asker = 'person' | 'machine' | 'robot' | 'extractor' | 'probe';

/** Agents whose kind is remembered. */
const maxKnown = 4096;
/** Characters: nobody says who it is later than that. */
const maxAgentLength = 1024;

/** Classifies by user agent, and by what the source has found out (`agent_kind`). */
export class Agents {
  readonly #isRobot: IsRobot | undefined;
  readonly #known = new Map<string, Asker>();

  /** @param isRobot in place of the list that comes with the daemon */
  constructor(isRobot?: IsRobot) {
    this.#isRobot = isRobot;
  }

  /**
   * @param agent undefined = not known
   * @param kind `agent_kind` of the event
   */
  askerOf(agent: string | undefined, kind: unknown, unknown: 'person' | 'machine'): Asker {
    if (kind === 'extractor') return 'extractor';
    if (agent === undefined) {
      if (kind === 'crawler') return 'robot';
      return kind === 'machine' || kind === 'person' ? kind : unknown;
    }
    const asker = this.#byAgent(agent);
    // Without a list of the operator's, the source has judged by the same one, and may have known more.
    if (this.#isRobot !== undefined || (asker !== 'person' && asker !== 'robot')) return asker;
    return kind === 'crawler' ? 'robot' : kind === 'machine' ? 'machine' : asker;
  }

  #byAgent(agent: string): Asker {
    const known = this.#known.get(agent);
    if (known !== undefined) return known;
    const asker = this.#classify(agent.slice(0, maxAgentLength));
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(agent, asker);
    return asker;
  }

  #classify(agent: string): Asker {
    const kind = agentKind(agent);
    if (kind === 'own') return 'probe';
    if (kind === 'extractor' || kind === 'machine') return kind;
    // Whether a program that has a key is an extractor, only the source sees.
    if (kind === 'extractor with key') return 'machine';
    return (this.#isRobot === undefined ? kind === 'crawler' : this.#isRobot(agent)) ? 'robot' : 'person';
  }
}
