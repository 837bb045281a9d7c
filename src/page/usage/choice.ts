import { useLayoutEffect, useState } from 'preact/hooks';
import { monthOf, monthsAfter, monthsFrom } from './calendar.js';

/** How many months are shown, this one included. */
export const spans = [12, 24, 120] as const;
export type Span = (typeof spans)[number];

/** What is looked at. It stands in the address, so that it can be sent to somebody, and survives a reload. */
export interface Choice {
  readonly span: Span;
  /** One of these months alone. */
  readonly month: string | undefined;
  /** Ids. */
  readonly space: string | undefined;
  readonly dataset: string | undefined;
}

/** Characters of an id that the API takes. */
const maxIdLength = 256;

export function useChoice(): readonly [Choice, (changed: Partial<Choice>) => void] {
  const [choice, setChoice] = useState(fromAddress);
  useLayoutEffect(() => {
    const update = (): void => setChoice(fromAddress());
    window.addEventListener('popstate', update);
    return () => {
      window.removeEventListener('popstate', update);
      // It belongs to this view alone; but whoever has to sign in again finds it as it was.
      if (!location.hash.startsWith('#usage')) toAddress('');
    };
  }, []);
  const choose = (changed: Partial<Choice>): void => {
    const chosen = { ...choice, ...changed };
    setChoice(chosen);
    toAddress(queryOf(chosen));
  };
  return [choice, choose];
}

function fromAddress(): Choice {
  const query = new URLSearchParams(location.search);
  const month = query.get('month') ?? '';
  const thisMonth = monthOf(Date.now());
  const idOf = (name: string): string | undefined => query.get(name)?.slice(0, maxIdLength) || undefined;
  return {
    span: spans.find(span => String(span) === query.get('months')) ?? spans[0],
    month: monthsFrom(monthsAfter(thisMonth, 1 - spans[2]), thisMonth).find(one => one === month),
    space: idOf('space'),
    dataset: idOf('dataset'),
  };
}

function queryOf({ span, month, space, dataset }: Choice): string {
  const given = { months: span === spans[0] ? undefined : String(span), month, space, dataset };
  return String(new URLSearchParams(Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : []))));
}

function toAddress(query: string): void {
  history.replaceState(history.state, '', `${location.pathname}${query && `?${query}`}${location.hash}`);
}
