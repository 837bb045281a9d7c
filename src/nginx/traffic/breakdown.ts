import { routes } from './route-table.js';

/** Extractors that are told apart in one window; what others fetch is that of `other`. */
const maxExtractors = 50;

export interface ExtractorTraffic {
  readonly name: string;
  readonly requests: number;
  readonly bytes: number;
}

export interface RouteRequests {
  readonly route: string;
  readonly requests: number;
}

export interface SavedBreakdown {
  readonly routes: readonly RouteRequests[];
  readonly extractors: readonly ExtractorTraffic[];
}

/** What one window has by route of Clowder, and by extractor. */
export class Breakdown {
  /** Requests by the route's number; the first is that of requests without one. */
  readonly routes = new Float64Array(routes.length);
  readonly #extractors = new Map<string, { requests: number; bytes: number }>();

  addExtractor(extractor: string, bytes: number, requests = 1): void {
    const name = this.#extractors.has(extractor) || this.#extractors.size < maxExtractors ? extractor : 'other';
    const sums = this.#extractors.get(name) ?? { requests: 0, bytes: 0 };
    sums.requests += requests;
    sums.bytes += bytes;
    this.#extractors.set(name, sums);
  }

  /** Only what there is. */
  save(): SavedBreakdown {
    return {
      routes: routes.flatMap(({ name }, number) =>
        name !== '' && this.routes[number]! > 0 ? [{ route: name, requests: this.routes[number]! }] : [],
      ),
      extractors: [...this.#extractors].map(([name, sums]) => ({ name, ...sums })),
    };
  }

  /** A route that this version no longer has is left out. */
  static restore(saved: SavedBreakdown | undefined): Breakdown {
    const breakdown = new Breakdown();
    const numbers = new Map(routes.map(({ name }, number) => [name, number]));
    for (const { route, requests } of saved?.routes ?? []) {
      const number = numbers.get(route);
      if (number !== undefined) breakdown.routes[number] = requests;
    }
    for (const { name, bytes, requests } of saved?.extractors ?? []) breakdown.addExtractor(name, bytes, requests);
    return breakdown;
  }
}
