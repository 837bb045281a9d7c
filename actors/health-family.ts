import { dispatch } from 'nact';
import { attributed, awaiting, type Standing } from '../src/health/dependencies.js';
import type { Result } from '../src/health/result.js';
import type { Target } from '../src/health/target.js';
import { ask } from './actor.js';
import type { Actor, HealthPingMessage } from './protocol.js';

/** How much older than the run itself one of a parent may be: many targets that ask at the same time share it. */
const maxAgeMs = 500;

/** Other targets' actors; asked for when they are needed, because all of them are made one after another. */
export interface Family {
  /** Those that the target depends on. */
  parents(): readonly Actor<HealthPingMessage>[];
  /** Those that depend on it. */
  dependents(): readonly Actor<HealthPingMessage>[];
}

/**
 * A run that failed while a service that it needs fails says nothing about the target. Each of those is asked, and
 * answers with a run that began no earlier, or hardly.
 * @param began when the run began, on the monotonic clock
 * @param hidden it was announced that nothing can be known of the target because of such a service
 */
export async function withParents(
  result: Result,
  began: number,
  { intervalMs }: Pick<Target, 'intervalMs'>,
  family: Family,
  hidden: boolean,
): Promise<Result> {
  const failed = result.finding === 'down';
  const parents = failed || hidden ? family.parents() : [];
  if (parents.length === 0) return result;
  const since = began - Math.min(maxAgeMs, intervalMs / 4);
  const standings = await Promise.all(
    parents.map(parent =>
      ask<Standing>(reply => dispatch(parent, { type: 'asked', since, outageWillDo: failed, reply })),
    ),
  );
  return failed ? attributed(result, standings) : awaiting(result, standings);
}

type Question = Extract<HealthPingMessage, { type: 'asked' }>;

/** What dependents want to know of a target, until a run of it is young enough. */
export class Questions {
  #open: readonly Question[] = [];

  get waiting(): boolean {
    return this.#open.length > 0;
  }

  add(question: Question): void {
    this.#open = [...this.#open, question];
  }

  /** @param began when the run that the standing is about began, on the monotonic clock */
  answer(standing: Standing, began: number): void {
    const isKnown = standing.fails && (standing.announced || standing.maintained);
    const isAnswered = ({ since, outageWillDo }: Question): boolean => began >= since || (isKnown && outageWillDo);
    for (const question of this.#open) if (isAnswered(question)) question.reply.resolve(standing);
    this.#open = this.#open.filter(question => !isAnswered(question));
  }
}
