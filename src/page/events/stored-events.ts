import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';

export interface Filter {
  /** Empty = all. */
  readonly category: string;
  readonly type: string;
}

export interface StoredEvents {
  /** The latest to arrive first; undefined before the first answer. */
  readonly events: readonly StoredEvent[] | undefined;
  readonly error: Error | undefined;
  readonly hasOlder: boolean;
  readonly reload: () => void;
  readonly loadOlder: () => void;
}

interface Loaded {
  readonly events: readonly StoredEvent[];
  readonly cursor: string | null;
}

const pageSize = 50;
const max = 1000;
/** While a type is being typed. */
const patienceMs = 250;

/** What the local store has, page by page. An answer to an earlier question does not count. */
export function useStoredEvents({ category, type }: Filter): StoredEvents {
  const [loaded, setLoaded] = useState<Loaded | undefined>();
  const [error, setError] = useState<Error | undefined>();
  const turn = useRef(0);

  const load = async (cursor?: string): Promise<void> => {
    const mine = ++turn.current;
    try {
      const query = { category: category || undefined, type: type || undefined, limit: pageSize, cursor };
      const page = await ask('v1/events', { query });
      if (mine !== turn.current) return;
      setError(undefined);
      setLoaded(before => ({
        events: cursor === undefined ? page.events : [...(before?.events ?? []), ...page.events].slice(0, max),
        cursor: page.next_cursor,
      }));
    } catch (caught) {
      if (mine === turn.current) setError(caught as Error);
    }
  };

  // Before anything is painted: the answer to one question is never shown as that to another.
  useLayoutEffect(() => {
    setLoaded(undefined);
    const timer = window.setTimeout(() => void load(), type === '' ? 0 : patienceMs);
    return () => window.clearTimeout(timer);
  }, [category, type]);

  const cursor = loaded?.cursor ?? null;
  const hasOlder = cursor !== null && (loaded?.events.length ?? 0) < max;
  return {
    events: loaded?.events,
    error,
    hasOlder,
    reload: () => void load(),
    loadOlder: () => void (hasOlder && cursor !== null && load(cursor)),
  };
}
