import type { Markup } from '../elements/html.js';
import type { PageSection } from '../elements/section.js';
import type { LinesQuery, Months } from './answers.js';
import type { Choice } from './choice.js';

/** What every section of the view of usage is given. */
export interface UsageState {
  readonly choice: Choice;
  readonly choose: (changed: Partial<Choice>) => void;
  readonly report: Months;
  /** The months that tables add up, and what they are narrowed to. */
  readonly query: Omit<LinesQuery, 'by'>;
  /** In words, as `query` has it: `March 2026`. */
  readonly period: string;
  /** By the daemon's clock. */
  readonly thisMonth: string;
  /** Events that are not in the figures: still to be counted, and dead letters. */
  readonly waiting: { readonly pending: number | null; readonly dead: number | null };
}

/** A part of the view of usage: one file, and one line in `sections.ts`. */
export interface UsageSection extends Pick<PageSection, 'id' | 'title'> {
  readonly View: (props: { readonly usage: UsageState }) => Markup | null;
}
