// The tables of docs/mapping-*.md, found by handing events to the code of the sinks.
import { readFileSync } from 'node:fs';
import { analyticsTables } from '../dist/test/helpers/analytics-mapping.js';
import { influxdbTables } from '../dist/test/helpers/influxdb-mapping.js';
import { matomoTables } from '../dist/test/helpers/matomo-mapping.js';
import { mongodbTable } from '../dist/test/helpers/mongodb-mapping.js';
import { postgresqlTable } from '../dist/test/helpers/postgresql-mapping.js';
import { webhookTable } from '../dist/test/helpers/webhook-mapping.js';

/** Path and content of each page; what a person wrote around the tables stays. */
export const mappingFiles = [
  page('docs/mapping-analytics.md', analyticsTables()),
  page('docs/mapping-influxdb.md', influxdbTables()),
  page('docs/mapping-matomo.md', matomoTables()),
  page('docs/mapping-mongodb.md', mongodbTable()),
  page('docs/mapping-postgresql.md', postgresqlTable()),
  page('docs/mapping-webhook.md', webhookTable()),
];

function page(path, tables) {
  const text = readFileSync(path, 'utf8').replace(
    /(<!-- tables: .* -->\n)[\s\S]*?(<!-- end of tables -->)/,
    (_all, begin, end) => `${begin}\n${tables}\n${end}`,
  );
  return [path, text];
}
