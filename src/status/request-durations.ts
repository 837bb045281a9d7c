const name = 'event_sink_http_request_duration_seconds';

/** Upper bounds, in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  readonly labels: { readonly method: string; readonly route: string; readonly status: number };
  /** Requests up to each bound and beyond the one before; the last are beyond all. */
  readonly counts: number[];
  sum: number;
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * The histogram of HTTP requests, as a registry of prom-client reads one: all that it asks of a metric is `get`.
 * prom-client's own makes a key of all labels for each value that it counts; here a request costs three look-ups.
 */
export class RequestDurations {
  readonly name = name;
  readonly help = 'HTTP requests by matched route, until their answer was ready.';
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  /** By route, method and status. */
  readonly #routes = new Map<string, Map<string, Map<number, Series>>>();

  observe(method: string, route: string, status: number, seconds: number): void {
    const series = this.#routes.get(route)?.get(method)?.get(status) ?? this.#add(method, route, status);
    let bound = 0;
    while (bound < bounds.length && seconds > bounds[bound]!) bound += 1;
    series.counts[bound]! += 1;
    series.sum += seconds;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const all = [...this.#routes.values()].flatMap(methods => [...methods.values()].flatMap(one => [...one.values()]));
    return { name, help, type, aggregator, values: all.flatMap(valuesOf) };
  }

  #add(method: string, route: string, status: number): Series {
    const methods = this.#routes.get(route) ?? new Map<string, Map<number, Series>>();
    const statuses = methods.get(method) ?? new Map<number, Series>();
    const series = { labels: { method, route, status }, counts: Array(bounds.length + 1).fill(0), sum: 0 };
    this.#routes.set(route, methods.set(method, statuses.set(status, series)));
    return series;
  }
}

function valuesOf({ labels, counts, sum }: Series): Value[] {
  let count = 0;
  const buckets = counts.map((more, index) => {
    count += more;
    return { metricName: `${name}_bucket`, labels: { le: bounds[index] ?? '+Inf', ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
