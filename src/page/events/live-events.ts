import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../../../openapi/api-types.js';

/** Events are shown together this often. */
const flushMs = 250;
/** Live events kept; the oldest make room. */
const maxLive = 200;

export interface LiveEvents {
  /** Newest first. */
  readonly events: readonly StoredEvent[];
  /** All that came, including those that had to make room. */
  readonly arrived: number;
  readonly state: 'off' | 'connecting' | 'live';
  /** Events that came faster than they could be sent. */
  readonly dropped: number;
}

interface Options {
  readonly category: string;
  readonly wanted: (event: StoredEvent) => boolean;
  /** The stream is there again after a gap: what came meanwhile is not in it. */
  readonly onGap: () => void;
}

/** After a refusal (too many streams are open) the browser does not try again by itself. */
const retryMs = 5_000;

const nothing: LiveEvents = { events: [], arrived: 0, state: 'off', dropped: 0 };

/** The live stream of one category, or of all (''), while the page is visible. The browser connects again by itself. */
export function useLiveEvents({ category, wanted, onGap }: Options): LiveEvents {
  const [live, setLive] = useState<LiveEvents>(nothing);
  const [visible, setVisible] = useState(!document.hidden);
  const latest = useRef({ wanted, onGap });
  latest.current = { wanted, onGap };
  const opened = useRef(false);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const update = (): void => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, []);

  // Before anything is painted: what is live of one category is never shown as that of another.
  useLayoutEffect(() => setLive(before => ({ ...nothing, state: before.state })), [category]);

  useEffect(() => {
    if (!visible) {
      setLive(before => ({ ...before, state: 'off' }));
      return;
    }
    let arrived: StoredEvent[] = [];
    let count = 0;
    const source = new EventSource(`v1/stream${category === '' ? '' : `?${new URLSearchParams({ category })}`}`);
    setLive(before => ({ ...before, state: 'connecting' }));
    source.onopen = () => {
      setLive(before => ({ ...before, state: 'live' }));
      if (opened.current) latest.current.onGap();
      opened.current = true;
    };
    let retry: number | undefined;
    source.onerror = () => {
      setLive(before => ({ ...before, state: 'connecting' }));
      if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(() => setAttempt(attempt + 1), retryMs);
    };
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data) as StoredEvent;
      if (!latest.current.wanted(event)) return;
      count += 1;
      arrived.push(event);
      if (arrived.length > maxLive) arrived.shift();
    };
    source.addEventListener('dropped', ({ data }) => {
      const { count } = JSON.parse(data) as { count: number };
      setLive(before => ({ ...before, dropped: before.dropped + count }));
    });
    const timer = window.setInterval(() => {
      if (arrived.length === 0) return;
      const fresh = arrived.reverse();
      const more = count;
      arrived = [];
      count = 0;
      setLive(before => ({
        ...before,
        arrived: before.arrived + more,
        events: [...fresh, ...before.events].slice(0, maxLive),
      }));
    }, flushMs);
    return () => {
      window.clearInterval(timer);
      window.clearTimeout(retry);
      source.close();
    };
  }, [visible, category, attempt]);

  return live;
}
