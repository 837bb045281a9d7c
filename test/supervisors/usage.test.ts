import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { datasetId, fileId, firefox } from '../usage/scene.js';

interface Figures {
  readonly total_dataset_requests: number;
  readonly unique_dataset_requests: number;
  readonly request_bytes: number;
}

interface Line {
  readonly id: string | null;
  readonly title: string | null;
  readonly regular: Figures | '< 3';
  readonly machine: Figures | '< 3';
}

const month = Date.UTC(2026, 2, 10);

/** A download of each of `count` files of two datasets in one space, by one user each. */
const downloads = Array.from({ length: 300 }, (_, index) => ({
  id: `download-${index}`,
  category: 'resource_download',
  type: 'file',
  created: month + index * 3_600_000,
  url: `/files/${fileId(index)}/blob`,
  resource_id: fileId(index),
  dataset_id: datasetId(index % 2),
  dataset_name: `Dataset ${index % 2}`,
  space_id: 'space-1',
  status: 200,
  bytes: 1000,
  country: index % 50 === 0 ? 'CH' : 'DE',
  user_agent: index % 3 === 0 ? 'curl/8.5.0' : firefox,
  visitor: `visitor ${index}`,
}));

test('a daemon counts what it accepts, once, though it is killed in between', async () => {
  const daemon = new TestDaemon({ env: { USAGE: 'on', USAGE_SOURCE: 'nginx', USAGE_PUBLIC: 'on' } });
  try {
    await daemon.start();
    const post = (from: number, to: number) => daemon.post(downloads.slice(from, to));
    const lines = async (query: string): Promise<Line[]> => {
      const response = await daemon.request(`/v1/usage?${query}`);
      assert.is(response.status, 200);
      return ((await response.json()) as { usage: Line[] }).usage;
    };
    assert.equal(await lines(''), []);
    for (let from = 0; from < 300; from += 100) {
      assert.is((await post(from, from + 100)).status, 202);
      await daemon.kill();
      await daemon.start();
    }
    assert.is((await post(0, 300)).status, 202);
    const requests = (line: Line | undefined, method: 'regular' | 'machine'): number => {
      const figures = line?.[method];
      return typeof figures === 'object' ? figures.total_dataset_requests : -1;
    };
    await daemon.drained();

    const datasets = await lines('by=dataset');
    assert.equal(datasets.map(({ id, title }) => [id, title]).sort(), [
      [datasetId(0), 'Dataset 0'],
      [datasetId(1), 'Dataset 1'],
    ]);
    const [space] = await lines('by=space');
    assert.equal([space?.id, requests(space, 'regular'), requests(space, 'machine')], ['space-1', 200, 100]);
    const months = await lines('by=month&space=space-1');
    assert.equal(
      months.map(line => [line.id, requests(line, 'regular')]),
      [['2026-03', 200]],
    );
    assert.equal(await lines('by=month&space=space-2'), []);
    const countries = await lines('by=country');
    assert.equal(
      countries.map(({ id, regular }) => [id, typeof regular === 'object' || regular]),
      [
        ['de', true],
        ['ch', '< 3'],
      ],
    );

    const open = await fetch(`${daemon.url}/v1/usage/${datasetId(0)}`);
    assert.is(open.headers.get('cache-control'), 'public, max-age=300');
    const one = (await open.json()) as Line;
    assert.is(requests(one, 'regular') + requests(one, 'machine'), 150);
    const badge = await fetch(`${daemon.url}/v1/usage/${datasetId(0)}/badge.svg`);
    assert.is(badge.headers.get('content-type'), 'image/svg+xml');
    assert.match(await badge.text(), /downloads: 100/);
    assert.is((await fetch(`${daemon.url}/v1/usage`)).status, 401);

    const table = await daemon.request('/counter/reports/dsr?begin-date=2026-03&end-date=2026-03&format=tsv');
    const inTable = /^Dataset 0\t.*\tRegular\tTotal_Dataset_Requests\t(\d+)\t/m.exec(await table.text())?.[1];
    assert.is(inTable, '100');
  } finally {
    await daemon.remove();
  }
});

test.run();
