import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from '../../src/import/item.js';
import { MongoSource } from '../../src/import/mongodb.js';
import type { PastDocument } from '../../src/sinks/mongodb/documents.js';

const made = Date.UTC(2024, 2, 4);

async function itemOf(document: Partial<PastDocument> & { readonly text: string }): Promise<Item> {
  const source = new MongoSource({
    count: async () => 1,
    all: async function* () {
      yield { id: '65e5a2f0a4bbe9b699ba4be4', made: undefined, ...document };
    },
    close: async () => {},
  });
  for await (const [item] of source.items()) if (item !== undefined) return item;
  throw new Error('there is no item');
}

const event = (text: string, created: number | undefined = made) => ({
  id: '65e5a2f0a4bbe9b699ba4be4',
  text,
  created,
});

test('a flat document is the event, under the id of the document', async () => {
  const text = `{"category":"upload","created":${made},"size":12345678901234567890}`;
  assert.equal(await itemOf({ text }), event(text));
});

test('what this program wrote comes back as it was', async () => {
  const text = `{"id":"65e5a2f0a4bbe9b699ba4be4","category":"upload","created":"2024-03-04","created_at":${made}}`;
  assert.equal(await itemOf({ text }), event('{"category":"upload","created":"2024-03-04"}'));
});

test('a field id that is another one keeps its value under another name', async () => {
  const text = `{"id":"extractor-7","category":"upload","created":${made}}`;
  assert.equal(await itemOf({ text }), event(`{"category":"upload","created":${made},"id_original":"extractor-7"}`));
});

test('a document without a time has that of its id', async () => {
  const item = await itemOf({ text: '{"category":"upload"}', made });
  assert.equal(item, event(`{"category":"upload","created":${made}}`));
  assert.is('created' in (await itemOf({ text: '{"category":"upload"}' })) && undefined, undefined);
});

test('what the older worker echoed is read out of its text', async () => {
  const message = JSON.stringify('{"category":"download","created":1709510400000}');
  assert.equal(
    await itemOf({ text: `{"created":1,"message":${message}}` }),
    event('{"category":"download","created":1709510400000}'),
  );
  const timeless = JSON.stringify('{"category":"download"}');
  assert.equal(
    await itemOf({ text: `{"created":${made},"message":${timeless}}` }),
    event(`{"category":"download","created":${made}}`),
  );
});

test('a text that is no event, and an id that cannot be one, are named', async () => {
  const text = '{"created":1,"message":"Hello World!"}';
  assert.equal(await itemOf({ text }), {
    reason: 'the message that a document holds is not a JSON object',
    where: 'document 65e5a2f0a4bbe9b699ba4be4',
  });
  const item = await itemOf({ id: 'é', text: '{"category":"upload"}' });
  assert.is('reason' in item && item.reason, 'an _id cannot be the id of an event');
});

test.run();
