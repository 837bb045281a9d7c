import { useEffect, useRef, useState } from 'preact/hooks';
import { Unreachable } from './api.js';

/** What is asked for repeatedly: the last good answer stays while later ones fail. */
export interface Polled<T> {
  readonly data: T | undefined;
  /** Why the last attempt failed. */
  readonly error: Error | undefined;
  /** Since when every attempt has failed, epoch ms. */
  readonly failingSince: number | undefined;
  /** Asks at once. */
  readonly refresh: () => void;
}

type State<T> = Omit<Polled<T>, 'refresh'>;

/**
 * Asks now and again, `everyMs` after each answer, as long as the page is visible; a hidden tab costs nothing, and asks
 * at once when it becomes visible again. `question` names what is asked: when it changes, answers to the former no
 * longer count. `everyMs` null: never.
 */
export function usePolled<T>(question: string, everyMs: number | null, ask: () => Promise<T>): Polled<T> {
  const [state, setState] = useState<State<T> & { readonly question: string }>({ question, ...empty });
  const latest = useRef(ask);
  latest.current = ask;
  const refresh = useRef<() => void>(() => {});

  useEffect(() => {
    if (everyMs === null) return;
    let timer: number | undefined;
    let asking = false;
    let again = false;
    let over = false;
    const run = async (): Promise<void> => {
      if (over || document.hidden) return;
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      window.clearTimeout(timer);
      try {
        const data = await latest.current();
        if (!over) setState({ question, data, error: undefined, failingSince: undefined });
      } catch (error) {
        if (!over) setState(before => failed(before, question, error as Error));
      }
      asking = false;
      timer = window.setTimeout(run, again ? 0 : everyMs);
      again = false;
    };
    refresh.current = () => void run();
    const runNow = (): void => void run();
    document.addEventListener('visibilitychange', runNow);
    window.addEventListener('online', runNow);
    void run();
    return () => {
      over = true;
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', runNow);
      window.removeEventListener('online', runNow);
    };
  }, [question, everyMs]);

  const current = state.question === question ? state : empty;
  return {
    data: current.data,
    error: current.error,
    failingSince: current.failingSince,
    refresh: () => refresh.current(),
  };
}

const empty = { data: undefined, error: undefined, failingSince: undefined } as const;

function failed<T>(before: State<T> & { question: string }, question: string, error: Error) {
  const kept = before.question === question ? before : { ...empty, question };
  return { ...kept, error, failingSince: kept.failingSince ?? Date.now() };
}

export const isUnreachable = (error: Error | undefined): boolean => error instanceof Unreachable;

/**
 * The time, ticking each second while the page is visible; `offset` is how far the
 * daemon's clock is ahead of this one, ms.
 */
export function useNow(offset = 0): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const tick = (): void => {
      if (!document.hidden) setNow(Date.now());
    };
    const timer = window.setInterval(tick, 1000);
    document.addEventListener('visibilitychange', tick);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, []);
  return now + offset;
}
