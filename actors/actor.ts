import { type Ref, spawn, start, stop } from 'nact';
import type { Log } from '../src/log.js';
import type { StatusBoard, StatusLine } from '../src/status/board.js';
import type { Actor, Reply } from './protocol.js';

/**
 * What actors are made of. The tree is nact's own; what nact leaves to its users is done here, in one place:
 *
 * - Every actor shows on the board under its own nact path.
 * - nact's `stop` does not reach children, and nact shows an actor's children to that actor alone: parents keep theirs
 *   here, and `stopTree` stops them.
 * - Some answers of a supervisor wedge or crash nact: the types leave out all but the safe ones.
 */
export interface ActorTools {
  readonly board: StatusBoard;
  readonly log: Log;
  /** What becomes of the actor when it throws. */
  readonly onCrash: OnCrash;
}

/** Go on with the state of before, without the message; or leave it to the supervisor. */
export type OnCrash = (error: unknown, path: string) => 'resume' | 'escalate';

/** What a supervisor does about a child that escalated. Must not reject: nact would leave the child busy for ever. */
export type OnEscalation = (error: unknown, child: string) => Decision | Promise<Decision>;
export type Decision = 'resetChild' | 'stopChild' | 'escalate';

/** What actors are spawned under: a supervisor, or the root of a tree. */
export interface Parent {
  readonly ref: Ref<never>;
  readonly children: (Parent | { readonly ref: Ref<never> })[];
  stopped: boolean;
}

export interface Supervisor extends Parent {
  readonly status: StatusLine;
}

/**
 * Messages come one at a time, each when the one before it is done with. The constructor must not throw: nact
 * would call it again, without a pause.
 */
export interface Behaviour<Message> {
  handle(message: Message): void | Promise<void>;
}

/** The root of a new tree: nact's system, which is not an actor itself. */
export function startRoot(): Parent {
  return { ref: start() as unknown as Ref<never>, children: [], stopped: false };
}

/** @param create also makes a new one after each reset */
export function spawnActor<Message>(
  parent: Parent,
  name: string,
  { board, onCrash }: Pick<ActorTools, 'board' | 'onCrash'>,
  create: (self: Actor<Message>, status: StatusLine) => Behaviour<Message>,
): Actor<Message> {
  const ref = spawn(
    parent.ref,
    async (behaviour: Behaviour<Message>, message: Message): Promise<Behaviour<Message>> => {
      await behaviour.handle(message);
      return behaviour;
    },
    name,
    {
      initialStateFunc: context => create(context.self as Actor<Message>, board.line(pathOf(context))),
      // One that was stopped meanwhile has no parent to turn to.
      onCrash: (_message, error, context) =>
        context.parent === undefined ? context.resume : context[onCrash(error, pathOf(context))],
    },
  ) as Actor<Message>;
  parent.children.push({ ref: ref as Ref<never> });
  return ref;
}

/** An actor that does nothing but decide about its children. */
export function spawnSupervisor(
  parent: Parent,
  name: string,
  board: StatusBoard,
  onEscalation: OnEscalation,
): Supervisor {
  const ref = spawn(parent.ref, (): undefined => undefined, name, {
    onCrash: async (_message, error, context, child) => {
      const decision = child === undefined ? 'escalate' : await onEscalation(error, (child as Named).name);
      // The child may have been stopped while the decision was awaited. nact would look for it in vain, and crash.
      return supervisor.stopped ? context.resume : context[decision];
    },
  }) as Ref<never>;
  const status = board.line(pathOf(ref as unknown as Named));
  status.update({ state: 'running' });
  const supervisor: Supervisor = { ref, status, children: [], stopped: false };
  parent.children.push(supervisor);
  return supervisor;
}

/**
 * Stops everything under the parent, children before their parents, and the parent itself. What an actor is in the
 * middle of goes on to its end: ask actors to close before.
 */
export function stopTree(parent: Parent): Promise<void> {
  return new Promise(resolve => {
    // Apart from all promises: nact waits for one between a decision and its execution, and
    // nothing may be stopped in between.
    setImmediate(() => {
      stopNow(parent);
      resolve();
    });
  });
}

/** The same for one of a parent's own, which forgets it. */
export function stopChild(parent: Parent, child: Parent | Actor<never>): Promise<void> {
  const ref = 'children' in child ? child.ref : child;
  const index = parent.children.findIndex(known => known.ref === ref);
  const [own] = parent.children.splice(index, 1);
  return stopTree({ ref: ref as Ref<never>, children: [], stopped: false, ...own });
}

function stopNow(parent: Parent): void {
  parent.stopped = true;
  for (const child of parent.children.splice(0)) {
    if ('children' in child) stopNow(child);
    else stop(child.ref);
  }
  stop(parent.ref);
}

/** Asks an actor and waits for its answer. */
export function ask<T>(send: (reply: Reply<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => send({ resolve, reject }));
}

/** nact's references have these, though their type does not say so. */
interface Named {
  readonly name: string;
  readonly path: { readonly parts: readonly string[] };
}

/** nact's path, without the name of its system: `delivery/mongodb/sink`. */
function pathOf({ path }: Pick<Named, 'path'>): string {
  return path.parts.join('/');
}

/**
 * A text as an actor's name: what nact does not allow in one is escaped, so that different texts have different names.
 */
export function actorName(text: string): string {
  return encodeURIComponent(text).replace(/[!%~]/g, character =>
    character === '%' ? '!' : character === '!' ? '!21' : '!7E',
  );
}
