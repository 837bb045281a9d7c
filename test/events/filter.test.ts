import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFilter } from '../../src/events/filter.js';

function taken(text: string, ...kinds: string[]): string[] {
  const parsed = parseFilter(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return kinds.filter(kind => {
    const [category = '', type] = kind.split('.');
    return parsed.filter.matches({ category, type });
  });
}

const kinds = ['upload', 'download.file', 'download.dataset', 'view_resource.file', 'unknown'];

test('all, and nothing but excludes, take everything else', () => {
  assert.equal(taken('all', ...kinds), kinds);
  assert.equal(taken('!view_resource', ...kinds), ['upload', 'download.file', 'download.dataset', 'unknown']);
  assert.equal(taken('all,!download.file', ...kinds), ['upload', 'download.dataset', 'view_resource.file', 'unknown']);
});

test('some categories are left out unless they are named', () => {
  const withAudit = (text: string): string[] => {
    const parsed = parseFilter(text, ['audit']);
    if ('problem' in parsed) throw new Error(parsed.problem);
    return ['upload', 'audit.key_made', 'audit.signed_in', 'audit'].filter(kind => {
      const [category = '', type] = kind.split('.');
      return parsed.filter.matches({ category, type });
    });
  };
  assert.equal(withAudit('all'), ['upload']);
  assert.equal(withAudit('!health'), ['upload']);
  assert.equal(withAudit('all,audit'), ['upload', 'audit.key_made', 'audit.signed_in', 'audit']);
  assert.equal(withAudit('all,audit.key_made'), ['upload', 'audit.key_made']);
  assert.equal(withAudit('audit,!audit.signed_in'), ['audit.key_made', 'audit']);
});

test('wanted entries take only what they name', () => {
  assert.equal(taken('upload,download.file,!view_resource', ...kinds), ['upload', 'download.file']);
  assert.equal(taken(' download , upload,', ...kinds), ['upload', 'download.file', 'download.dataset']);
});

test('the more precise entry wins', () => {
  assert.equal(taken('download,!download.file', ...kinds), ['download.dataset']);
  assert.equal(taken('!download,download.file', ...kinds), ['download.file']);
  assert.equal(taken('all,!download,download.file', ...kinds), [
    'upload',
    'download.file',
    'view_resource.file',
    'unknown',
  ]);
});

test('a category may have a dot in its name', () => {
  const parsed = parseFilter('acme.sensor');
  assert.ok('filter' in parsed && parsed.filter.matches({ category: 'acme.sensor', type: undefined }));
});

test('what cannot be meant is a problem', () => {
  for (const text of ['', ' , ', '!', '!all', 'upload,!upload', '.file', 'download.', '*', 'download.*', '!!upload']) {
    assert.ok('problem' in parseFilter(text), text);
  }
});

test.run();
