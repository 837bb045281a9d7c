import { useEffect, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../elements/api.js';

/** Events are shown together this often. */
const flushMs = 250;
/** Kept of what came live; the oldest leave. */
const maxLive = 200;

export interface Tap {
  /** Newest first. */
  readonly events: readonly StoredEvent[];
  /** All that came, also those that have left. */
  readonly arrived: number;
  readonly state: 'off' | 'connecting' | 'live';
  /** Came faster than they could be sent. */
  readonly dropped: number;
}

interface TapOptions {
  readonly category: string;
  readonly wanted: (event: StoredEvent) => boolean;
  /** The stream is there again after a gap: what came meanwhile is not in it. */
  readonly onGap: () => void;
}

/** After a refusal (too many streams are open) the browser does not try again by itself. */
const againMs = 5_000;

const nothing: Tap = { events: [], arrived: 0, state: 'off', dropped: 0 };

/** The live stream of one category, or of all (''), while the page is visible. The browser connects again by itself. */
export function useTap({ category, wanted, onGap }: TapOptions): Tap {
  const [tap, setTap] = useState<Tap>(nothing);
  const [visible, setVisible] = useState(!document.hidden);
  const latest = useRef({ wanted, onGap });
  latest.current = { wanted, onGap };
  const opened = useRef(false);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const look = (): void => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);

  useEffect(() => setTap(before => ({ ...nothing, state: before.state })), [category]);

  useEffect(() => {
    if (!visible) {
      setTap(before => ({ ...before, state: 'off' }));
      return;
    }
    let arrived: StoredEvent[] = [];
    let count = 0;
    const source = new EventSource(`v1/stream${category === '' ? '' : `?${new URLSearchParams({ category })}`}`);
    setTap(before => ({ ...before, state: 'connecting' }));
    source.onopen = () => {
      setTap(before => ({ ...before, state: 'live' }));
      if (opened.current) latest.current.onGap();
      opened.current = true;
    };
    let again: number | undefined;
    source.onerror = () => {
      setTap(before => ({ ...before, state: 'connecting' }));
      if (source.readyState === EventSource.CLOSED) again = window.setTimeout(() => setAttempt(attempt + 1), againMs);
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
      setTap(before => ({ ...before, dropped: before.dropped + count }));
    });
    const timer = window.setInterval(() => {
      if (arrived.length === 0) return;
      const fresh = arrived.reverse();
      const more = count;
      arrived = [];
      count = 0;
      setTap(before => ({
        ...before,
        arrived: before.arrived + more,
        events: [...fresh, ...before.events].slice(0, maxLive),
      }));
    }, flushMs);
    return () => {
      window.clearInterval(timer);
      window.clearTimeout(again);
      source.close();
    };
  }, [visible, category, attempt]);

  return tap;
}
