import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Target {
  readonly refId: string;
  readonly query?: string;
  readonly expr?: string;
  readonly resultFormat?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: Readonly<Record<string, unknown>> };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly target: Target }[] };
}

interface Variable {
  readonly type: string;
  readonly name: string;
  readonly label: string;
  readonly definition?: string;
  readonly options: readonly { readonly value: string }[];
}

export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly dashboardUid: string;
  readonly panelId: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly model: { readonly query?: string; readonly expression?: string };
  }[];
}

const folder = 'deploy/grafana/dashboards';

export const dashboards: readonly Dashboard[] = readdirSync(folder).map(
  file => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Dashboard,
);

export const alertRules: readonly AlertRule[] = (
  parse(readFileSync('deploy/grafana/provisioning/alerting/clowder.yaml', 'utf8')) as {
    groups: { rules: AlertRule[] }[];
  }
).groups.flatMap(({ rules }) => rules);

/** A query, and where it stands. */
export interface Query {
  readonly where: string;
  readonly text: string;
}

/** Every InfluxQL query that Grafana would send, once for each choice of the variables in it. */
export function influxQueries(range = 'time > now() - 1h'): Query[] {
  const ofPanels = dashboards.flatMap(({ title, panels, annotations, templating }) => {
    const written = [
      ...panels.flatMap(panel => (panel.targets ?? []).map(({ query }) => [panel.title, query] as const)),
      ...annotations.list.map(({ name, target }) => [name, target.query] as const),
    ];
    return written.flatMap(([where, query]) =>
      query === undefined ? [] : chosen({ where: `${title}: ${where}`, text: query }, templating.list),
    );
  });
  const ofAlerts = alertRules.flatMap(({ title, data }) =>
    data.flatMap(({ model }) => (model.query === undefined ? [] : [{ where: `alert ${title}`, text: model.query }])),
  );
  return [...ofPanels.map(({ where, text }) => ({ where, text: grafanaFills(text, range) })), ...ofAlerts];
}

function chosen(query: Query, variables: readonly Variable[]): Query[] {
  let queries = [query];
  for (const { type, name, options } of variables) {
    if (type !== 'custom' || !query.text.includes(`$${name}`)) continue;
    queries = queries.flatMap(({ where, text }) =>
      options.map(({ value }) => ({ where: `${where}, ${value}`, text: text.replaceAll(`$${name}`, value) })),
    );
  }
  return queries;
}

function grafanaFills(text: string, range: string): string {
  return text.replaceAll('$timeFilter', range).replaceAll('$step', '1m');
}

/** Every PromQL expression that Grafana would send, of all daemons and sinks. */
export function prometheusQueries(): Query[] {
  return dashboards.flatMap(({ title, panels }) =>
    panels.flatMap(panel =>
      (panel.targets ?? []).flatMap(({ expr }) => {
        if (expr === undefined) return [];
        const text = expr.replaceAll(/\$(job|instance|sink)\b/g, '.*').replaceAll('$__rate_interval', '30s');
        return [{ where: `${title}: ${panel.title}`, text }];
      }),
    ),
  );
}
