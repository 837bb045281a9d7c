import { useEffect, useState } from 'preact/hooks';

/** What stands behind the `#` of the address, without it. It follows links, and the back button too. */
export function useFragment(): string {
  const [fragment, setFragment] = useState(current);
  useEffect(() => {
    const update = (): void => setFragment(current());
    window.addEventListener('hashchange', update);
    return () => window.removeEventListener('hashchange', update);
  }, []);
  return fragment;
}

const current = (): string => location.hash.slice(1);
