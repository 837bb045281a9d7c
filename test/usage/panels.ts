import * as assert from 'uvu/assert';
import { influxQueries } from '../deploy/dashboards.js';

/** The panels of the dashboard "Dataset usage" that show one number: which figure it is, and of whom. */
export const numberPanels = [
  ['Requests by people', 'total_dataset_requests', 'regular'],
  ['Requests by machines', 'total_dataset_requests', 'machine'],
  ['Investigations by people', 'total_dataset_investigations', 'regular'],
  ['Investigations by machines', 'total_dataset_investigations', 'machine'],
  ['Volume by people', 'request_bytes', 'regular'],
  ['Volume by machines', 'request_bytes', 'machine'],
  ['Sessions with requests', 'unique_dataset_requests', 'regular'],
] as const;

/**
 * Gives the queries of a panel of that dashboard, in their order.
 * @param range what the queries have in the place of Grafana's time filter
 */
export function panelQueries(range: string): (panel: string) => string[] {
  const queries = influxQueries(range);
  return panel => {
    const found = queries.filter(({ where }) => where === `Dataset usage: ${panel}`).map(({ text }) => text);
    assert.ok(found.length > 0, panel);
    return found;
  };
}
