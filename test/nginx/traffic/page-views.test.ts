import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PageViews, type ViewedPage } from '../../../src/nginx/traffic/page-views.js';
import { findRoute, routes } from '../../../src/nginx/traffic/route-table.js';

const id = '5fad53bfe4b00dcab417b69c';
const other = '657e70e5b3f40c57e22b6b42';

function view(path: string, more: Partial<ViewedPage> & { readonly seconds?: number } = {}): ViewedPage {
  const { seconds = 0, ...rest } = more;
  const resource = /[0-9a-f]{24}/.exec(path)?.[0];
  const route = routes[findRoute('GET', path)]!;
  return { time: seconds * 1000, route, visitor: 'a', resource, referrer: undefined, ...rest };
}

const summary = `/api/v2/files/${id}/summary`;
const dataset = `/api/v2/datasets/${id}`;

test('what Clowder 2 asks for again within 30 s is the same view', () => {
  const views = new PageViews();
  const seen = [0, 1, 29, 30, 30.001, 31, 60.001, 61].map(seconds => views.counts(view(summary, { seconds })));
  assert.equal(seen, [true, false, false, false, true, false, false, true]);
  assert.ok(views.counts(view(summary, { visitor: 'b', seconds: 61 })), 'another visitor');
  assert.ok(views.counts(view(`/api/v2/files/${other}/summary`, { seconds: 61 })), 'another file');
  assert.not(views.counts(view(summary, { seconds: 45 })), 'a line that is late');
});

test('the dataset that the page of a file asks for is not viewed; the Referer says which page it was', () => {
  const counts = (path: string, referrer?: string): boolean => new PageViews().counts(view(path, { referrer }));
  assert.ok(counts(dataset));
  assert.ok(counts(dataset, `https://h.example/datasets/${id}?folder=${other}`));
  assert.ok(counts(`/api/v2/public_datasets/${id}`, `https://h.example/clowder/public_datasets/${id}`));
  assert.ok(counts(dataset, 'https://h.example/'));
  assert.not(counts(dataset, `https://h.example/files/${other}?dataset=${id}&folder=`));
  assert.not(counts(dataset, `https://h.example/datasets/${other}`));
  assert.not(counts(dataset, `https://h.example/public_files/${other}?dataset=${id}`));
  assert.ok(counts(summary, `https://h.example/files/${id}?dataset=${other}`));
});

test('pages count for Clowder 1; Clowder 2 answers any path with one', () => {
  const views = new PageViews();
  const page = view(`/datasets/${id}`);
  assert.ok(views.counts(page));
  assert.not(views.counts(view(dataset, { seconds: 1 })), 'the same view, as the API sees it');
  views.note(2);
  assert.not(views.counts(page));
  assert.not(views.counts(view(`/files/${id}/blob`)));
  assert.ok(views.counts(view(`/api/v2/files/${id}`)), 'a download by API');
  assert.ok(views.counts(view('/search')));
  views.note(1);
  assert.ok(views.counts(page) && views.counts(page) && views.counts(view(`/files/${id}/blob`)));
});

test('goes on where it was', () => {
  const before = new PageViews();
  before.note(2);
  before.counts(view(dataset));
  const after = new PageViews();
  after.restore(JSON.parse(JSON.stringify(before.save())));
  assert.not(after.counts(view(dataset, { seconds: 5 })));
  assert.not(after.counts(view(`/datasets/${id}`)));
  assert.equal(new PageViews().save(), { clowder: null, recent: [] });
});

test('a bound on what is remembered: the oldest are forgotten', () => {
  const views = new PageViews();
  for (let number = 0; number < 10_050; number += 1)
    views.counts(view(summary, { visitor: String(number), seconds: number / 1000 }));
  assert.is(views.save().recent.length, 10_000);
  views.counts(view(summary, { visitor: 'late', seconds: 60 }));
  assert.is(views.save().recent.length, 1);
});

test.run();
