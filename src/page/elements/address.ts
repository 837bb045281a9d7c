import { useLayoutEffect, useState } from 'preact/hooks';

/** What stands behind the `#` of the address, without it. It follows links, and the back button too. */
export function useFragment(): string {
  const [fragment, setFragment] = useState(current);
  useLayoutEffect(() => {
    const update = (): void => setFragment(current());
    // Where the query changes too, going back tells of it by popstate alone.
    const events = ['hashchange', 'popstate'] as const;
    for (const name of events) window.addEventListener(name, update);
    return () => {
      for (const name of events) window.removeEventListener(name, update);
    };
  }, []);
  return fragment;
}

const current = (): string => location.hash.slice(1);
