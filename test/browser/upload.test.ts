import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readUpload, UploadError } from '../../src/browser/upload.js';

const events = '[{"event_type":"a","n":12345678901234567890}, {"event_type":"b"}]';

test('JSON: the key, and each event to the letter', () => {
  const upload = readUpload(`{"api_key":"k", "events":${events},"options":{}}`, 'json');
  assert.is(upload.key, 'k');
  assert.equal(
    upload.events().map(({ text }) => text),
    ['{"event_type":"a","n":12345678901234567890}', '{"event_type":"b"}'],
  );
  assert.equal(upload.events()[1]?.value, { event_type: 'b' });
});

test('a form of amplitude-js: the same', () => {
  const form = new URLSearchParams({ client: 'k', e: events, v: '2', upload_time: '1', checksum: 'x' });
  const upload = readUpload(form.toString(), 'form');
  assert.is(upload.key, 'k');
  assert.equal(upload.events(), readUpload(`{"api_key":"k","events":${events}}`, 'json').events());
});

test('a key that is not a text is none', () => {
  for (const key of ['7', 'null', '{}', '""'])
    assert.is(readUpload(`{"api_key":${key},"events":[]}`, 'json').key, undefined, key);
  assert.is(readUpload('e=[]', 'form').key, undefined);
});

for (const [text, form, reason, missing] of [
  ['{', 'json', /The body is not JSON/, undefined],
  ['[]', 'json', /must be a JSON object/, undefined],
  ['null', 'json', /must be a JSON object/, undefined],
  ['{"api_key":"k"}', 'json', /no list of events/, 'events'],
  ['{"api_key":"k","events":{}}', 'json', /no list of events/, 'events'],
  ['client=k', 'form', /no field e/, 'e'],
  ['client=k&e={', 'form', /The field e is not JSON/, undefined],
  ['client=k&e={}', 'form', /must be a JSON list/, 'e'],
] as const) {
  test(`${form} ${text} is refused in words`, () => {
    try {
      readUpload(text, form).events();
      assert.unreachable();
    } catch (error) {
      assert.instance(error, UploadError);
      assert.match((error as UploadError).message, reason);
      assert.is((error as UploadError).missing, missing);
    }
  });
}

test.run();
