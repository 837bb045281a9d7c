import type { Route } from './route-table.js';

/** One view of a page asks for the same thing up to three times, within this time of the log, ms. */
const repeatMs = 30_000;
/** Views that are remembered; beyond it the oldest are forgotten. */
const maxRecent = 10_000;

/** Clowder 2's page of one file or dataset, in a Referer. */
const resourcePage = /^[^?#]*\/(?:public_)?(file|dataset)s\/([0-9a-f]{24})(?:[?#]|$)/i;

export interface SavedPageViews {
  readonly clowder: 1 | 2 | null;
  /** Who viewed what, and when (epoch ms). */
  readonly recent: readonly (readonly [view: string, time: number])[];
}

/** A request that looks like a view, or like a download. */
export interface ViewedPage {
  readonly time: number;
  readonly route: Route;
  /** Stands for address and agent. */
  readonly visitor: string;
  readonly resource: string | undefined;
  readonly referrer: string | undefined;
}

/**
 * Tells views and downloads from what only looks like them. Clowder 2 answers every path with the same page, which
 * then asks the API for what it shows, more than once. So there a view is the first such question of a visitor within
 * 30 s, and a question for the dataset of a file whose page is shown is none. Which Clowder it is, the answers of its
 * API say.
 */
export class PageViews {
  #clowder: 1 | 2 | undefined;
  #recent = new Map<string, number>();

  /** A request to the API went well. */
  note(api: 1 | 2): void {
    this.#clowder = api;
  }

  /** Most lines need no second look. */
  certain({ means, api }: Route): boolean {
    return means === 'page' || (api === undefined ? this.#clowder === 1 : means === 'download');
  }

  /** What this route downloads is there: Clowder 2 has only what its API has. */
  hasDownload(route: Route): boolean {
    return this.certain(route) || this.#clowder === undefined;
  }

  /** False: it is none, or one that was counted. */
  counts({ time, route, visitor, resource, referrer }: ViewedPage): boolean {
    if (this.certain(route)) return true;
    const view = `${visitor} ${resource}`;
    if (route.api === undefined) {
      // Should this be a Clowder 2, what its page asks for in a moment is the same view.
      if (this.#clowder === undefined && route.means === 'view') this.#isFirst(view, time);
      return this.#clowder === undefined;
    }
    const [, type, id] = resourcePage.exec(referrer ?? '') ?? [];
    if (id !== undefined && (type?.toLowerCase() !== route.type || id.toLowerCase() !== resource)) return false;
    return this.#isFirst(view, time);
  }

  save(): SavedPageViews {
    return { clowder: this.#clowder ?? null, recent: [...this.#recent] };
  }

  restore({ clowder, recent }: SavedPageViews): void {
    this.#clowder = clowder ?? undefined;
    this.#recent = new Map(recent);
  }

  #isFirst(view: string, time: number): boolean {
    const last = this.#recent.get(view);
    if (last !== undefined && Math.abs(time - last) <= repeatMs) return false;
    this.#recent.delete(view);
    this.#recent.set(view, time);
    for (const [oldest, seen] of this.#recent) {
      if (time - seen <= repeatMs && this.#recent.size <= maxRecent) break;
      this.#recent.delete(oldest);
    }
    return true;
  }
}
