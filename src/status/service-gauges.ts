import { actorPaths } from './actor-paths.js';
import type { DaemonStatus } from './report.js';
import { servicesOf } from './services.js';

interface Gauge {
  set(labels: Readonly<Record<string, string>>, value: number): void;
  reset(): void;
}

/** The services that are watched, for Prometheus. */
export class ServiceGauges {
  readonly #state: Gauge;
  readonly #uptime: Gauge;
  readonly #responseTime: Gauge;
  readonly #checked: Gauge;
  readonly #checks: Gauge;
  readonly #excused: Gauge;

  constructor(make: (name: string, help: string, labels: string[]) => Gauge) {
    const gauge = (name: string, help: string, ...labels: string[]) => make(name, help, ['service', ...labels]);
    this.#state = gauge(
      'event_sink_service_state',
      '1 for the state that a watched service is in: up, degraded, down, maintenance or unknown.',
      'state',
    );
    this.#uptime = gauge(
      'event_sink_service_uptime_percent',
      'Share of the checks of the last 24 hours that found a service working, maintenance apart.',
    );
    this.#responseTime = gauge(
      'event_sink_service_response_seconds',
      'Mean response time of the last check of a service; absent when nothing answered.',
    );
    this.#checked = gauge(
      'event_sink_service_checked_timestamp_seconds',
      'When a service was last checked with a result.',
    );
    this.#excused = gauge(
      'event_sink_service_excused',
      '1 for a service that is unknown for a reason that needs no alarm: a job that has not reported for the first time, or another service that it needs is being worked on.',
    );
    this.#checks = gauge('event_sink_service_checks', 'Checks of a service since the start of the daemon.');
  }

  read({ actors }: Pick<DaemonStatus, 'actors'>): void {
    const gauges = [this.#state, this.#uptime, this.#responseTime, this.#checked, this.#checks, this.#excused];
    for (const gauge of gauges) gauge.reset();
    for (const { service_name: service, state, uptime, response_time: seconds, checked } of servicesOf(actors)) {
      this.#state.set({ service, state }, 1);
      if (uptime !== null) this.#uptime.set({ service }, uptime);
      if (seconds !== null) this.#responseTime.set({ service }, seconds);
      if (checked !== null) this.#checked.set({ service }, checked / 1000);
    }
    for (const { path, detail } of actors)
      if (path.startsWith(actorPaths.health) && typeof detail.service === 'string') {
        this.#checks.set({ service: detail.service }, Number(detail.runs ?? 0));
        if (detail.excused === true) this.#excused.set({ service: detail.service }, 1);
      }
  }
}
