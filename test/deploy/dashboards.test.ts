import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { leftOutReasons } from '../../src/usage/access.js';
import { alertRules, dashboards, influxQueries, type Panel, prometheusQueries } from './dashboards.js';

const provisioning = 'deploy/grafana/provisioning';

test('dashboards and panels are named, described and numbered once', () => {
  assert.equal(dashboards.map(({ uid }) => uid).sort(), [
    'clowder-datasets',
    'clowder-health',
    'clowder-usage',
    'event-sink',
  ]);
  for (const { title, panels } of dashboards) {
    assert.is(new Set(panels.map(({ id }) => id)).size, panels.length, title);
    for (const panel of panels) {
      assert.ok(panel.title, title);
      if (panel.type === 'row') continue;
      const where = `${title}: ${panel.title}`;
      assert.ok(panel.description, `${where} has no description`);
      assert.ok((panel.targets ?? []).length > 0, `${where} shows nothing`);
      if (panel.type !== 'table' && panel.type !== 'heatmap') {
        assert.ok(panel.fieldConfig?.defaults.thresholds, `${where} has no thresholds`);
        if (panel.type !== 'state-timeline') assert.ok(panel.fieldConfig?.defaults.unit, `${where} has no unit`);
      }
    }
  }
});

test('panels lie inside the 24 columns and do not overlap', () => {
  for (const { title, panels } of dashboards) {
    panels.forEach((panel, index) => {
      const { x, w } = panel.gridPos;
      assert.ok(x >= 0 && w > 0 && x + w <= 24, `${title}: ${panel.title}`);
      for (const other of panels.slice(index + 1))
        assert.not(overlap(panel, other), `${title}: ${panel.title}, ${other.title}`);
    });
  }
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

test('every variable that a query uses is declared', () => {
  for (const dashboard of dashboards) {
    const names = new Set(dashboard.templating.list.map(({ name }) => name));
    for (const [, name = ''] of JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)) {
      const ofGrafana = name.startsWith('__') || name === 'timeFilter' || /^(tag_\w+|col)$/.test(name);
      assert.ok(ofGrafana || names.has(name), `${dashboard.title}: $${name}`);
    }
  }
});

test('nothing is left of a variable or macro when a query is sent', () => {
  for (const { where, text } of [...influxQueries(), ...prometheusQueries()]) assert.not.match(text, '$', where);
});

test('data sources have the uids that dashboards and alerts name', () => {
  const { datasources } = parse(readFileSync(`${provisioning}/datasources/clowder.yaml`, 'utf8')) as {
    datasources: { uid: string; type: string }[];
  };
  assert.equal(
    datasources.map(({ uid, type }) => [uid, type]),
    [
      ['clowder-influxdb', 'influxdb'],
      ['clowder-prometheus', 'prometheus'],
    ],
  );
  for (const { data } of alertRules) {
    for (const { datasourceUid } of data)
      assert.ok(['clowder-influxdb', 'clowder-prometheus', '__expr__'].includes(datasourceUid));
  }
});

test('alerts are whole: a query, its last value, a bound; a panel that shows it; no $ that Grafana would take for a variable', () => {
  assert.is(new Set(alertRules.map(({ uid }) => uid)).size, alertRules.length);
  for (const { title, condition, data, dashboardUid, panelId, annotations } of alertRules) {
    assert.equal(
      data.map(({ refId }) => refId),
      ['A', 'B', 'C'],
      title,
    );
    assert.equal(
      data.slice(1).map(({ model }) => model.expression),
      ['A', 'B'],
      title,
    );
    assert.is(condition, 'C', title);
    const panels = dashboards.find(({ uid }) => uid === dashboardUid)?.panels ?? [];
    assert.ok(
      panels.some(({ id, type }) => id === panelId && type !== 'row'),
      title,
    );
    assert.ok(annotations.summary && annotations.description, title);
    assert.not.match(JSON.stringify([annotations, data]), '$', title);
  }
});

test('every reason why an access does not count has its bars', () => {
  const { panels = [] } = dashboards.find(({ uid }) => uid === 'clowder-datasets') ?? {};
  const { targets = [] } = panels.find(({ title }) => title === 'Left out by reason') ?? {};
  const shown = targets.map(({ query = '' }) => /"reason" = '(\w+)'/.exec(query)?.[1]);
  assert.equal(shown.sort(), [...leftOutReasons].sort());
});

test('the folder of the dashboards is where compose.yaml puts them', () => {
  const { providers } = parse(readFileSync(`${provisioning}/dashboards/clowder.yaml`, 'utf8')) as {
    providers: { options: { path: string } }[];
  };
  const [
    {
      options: { path },
    } = { options: { path: '' } },
  ] = providers;
  if (existsSync('deploy/compose.yaml'))
    assert.match(readFileSync('deploy/compose.yaml', 'utf8'), `./grafana/dashboards:${path}:ro`);
});

test.run();
