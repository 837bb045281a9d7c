import type { Ledger, Session, Status } from '../../../openapi/api-types.js';
import { type Children, html, type Markup } from './html.js';

/** What every section of the page is given. Only `now` changes each second. */
export interface PageState {
  readonly session: Session;
  readonly status: Status;
  readonly ledger: Ledger | undefined;
  /** Why the ledger could not be read. */
  readonly ledgerError: Error | undefined;
  /** The daemon's clock, epoch ms. */
  readonly now: number;
  /** How far the daemon's clock is ahead of this one, ms. */
  readonly offset: number;
  /** The day, as `Date.toDateString` writes it: what happened on it is shown by its time alone. */
  readonly today: string;
  /** The daemon is not answering. */
  readonly lost: boolean;
  /** The local store is on: events can be read back. */
  readonly stored: boolean;
  /** Reads status and ledger anew. */
  readonly refresh: () => void;
}

/** A part of the page: one folder, and one line in `shell/sections.ts`. */
export interface PageSection {
  /** Id of the element, and target of the link in the header. */
  readonly id: string;
  readonly title: string;
  readonly View: (props: { readonly page: PageState }) => Markup;
  /** Shown beside the link when it is not 0. */
  readonly count?: (status: Status) => number;
}

interface SectionProps {
  readonly of: Pick<PageSection, 'id' | 'title'>;
  readonly aside?: Children;
  readonly children?: Children;
}

/** The frame of a section, under a heading that can be jumped to. */
export function Section({ of: { id, title }, aside, children }: SectionProps): Markup {
  return html`
    <section id=${id} aria-labelledby="${id}-title">
      <header class="section-head"><h2 id="${id}-title">${title}</h2>${aside !== undefined && html`<div class="section-aside">${aside}</div>`}</header>
      ${children}
    </section>`;
}
