import { createHash, createHmac } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../src/clock.js';
import { TransientError } from '../../../src/errors.js';
import { openStore } from '../../../src/sinks/archive/open-store.js';
import { S3Store } from '../../../src/sinks/archive/s3.js';
import { archiveSink } from '../../../src/sinks/archive.js';
import { straight } from '../../helpers/outgoing.js';
import { startS3 } from '../../helpers/servers/s3.js';
import { type Asked, StandIn } from '../../helpers/servers/stand-in.js';
import { thrown } from '../../helpers/thrown.js';
import { sinkContract } from '../contract.js';
import { archived, idsOf, inBucket, poison } from './archived.js';

const server = await startS3();
let harnesses = 0;
let running = true;

await sinkContract('archive: S3', async () => {
  const s3 = { ...inBucket(server, `archive-${harnesses++}`).s3 };
  const { keyId } = s3;
  const config = { place: { s3 }, sealMs: 0 };
  const outage = async (on: boolean): Promise<void> => {
    if (on === running) await (on ? server.kill9() : server.start());
    running = !on;
  };
  return {
    ...{ definition: archiveSink, config, message: archived, poison, outage },
    delivered: () => idsOf(config),
    locked: on => {
      s3.keyId = on ? 'another one' : keyId;
    },
    close: () => outage(false),
  };
});

/** Suites run in their order. */
const end = suite('archive: S3, afterwards');

end('every object has a name of the archive, and the server ends', async () => {
  const config = { place: inBucket(server, '') };
  const names = (await openStore(config, { outgoing: straight, clock: systemClock }).list('')).map(({ name }) => name);
  assert.ok(names.length > 10);
  for (const name of names)
    assert.match(
      name,
      /^archive-\d+\/(?:days\/2026-03-15\/[\w-]+(?:\.part)?\.ndjson\.gz|manifests\/\d{6}-2026-03-15\.json)$/,
    );
  await server.stop();
});

end.run();

/** Signature Version 4, as Amazon's documentation has it and not as the library does it. */
function signatureOf(asked: Pick<Asked, 'method' | 'url' | 'headers'>, secret: string): string {
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+),/.exec(String(asked.headers.authorization)) ?? [];
  const [day = '', region = '', service = ''] = scope.split('/');
  const escaped = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, found => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...asked.url.searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).sort();
  const headers = names.split(';').map(name => `${name}:${String(asked.headers[name]).trim()}\n`);
  const payload = String(asked.headers['x-amz-content-sha256']);
  const path = asked.url.pathname.split('/').map(part => escaped(decodeURIComponent(part)));
  const request = [asked.method, path.join('/'), query.join('&'), headers.join(''), names, payload].join('\n');
  const hashed = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', asked.headers['x-amz-date'], scope, hashed].join('\n');
  const mac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = [region, service, 'aws4_request'].reduce((made, part) => mac(made, part), mac(`AWS4${secret}`, day));
  return mac(key, text).toString('hex');
}

const signing = suite('archive: S3, signatures');
const secret = ['wJalrXUtnFEMI/K7MDENG', 'bPxRfiCYEXAMPLEKEY'].join('/');

signing("this test signs as Amazon's documentation does (Authenticating Requests, GET Bucket)", () => {
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    authorization:
      'AWS4-HMAC-SHA256 Credential=EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=',
    'x-amz-content-sha256': createHash('sha256').digest('hex'),
    'x-amz-date': '20130524T000000Z',
  };
  const url = new URL('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J');
  assert.is(
    signatureOf({ method: 'GET', url, headers }, secret),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

signing('every request carries the signature of what it is, and the hash of its body', async () => {
  const empty = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
  const standIn = new StandIn(({ method }) => ({ status: method === 'DELETE' ? 204 : 200, body: empty }));
  await standIn.start();
  try {
    const address = { bucket: 'b.example', prefix: 'a=b/c_d', endpoint: standIn.origin, region: 'eu-central-1' };
    const store = new S3Store({ ...address, keyId: 'someone', secret }, straight, systemClock);
    await store.list('days/2026-03-15/');
    await store.put('days/x-1.part.ndjson.gz', Buffer.from('bytes'));
    await store.create('manifests/000001-2026-03-15.json', Buffer.from('more'));
    await store.read('days/x-1.part.ndjson.gz');
    await store.remove('days/x-1.part.ndjson.gz');
    await store.probe(AbortSignal.timeout(10_000));
    assert.ok(standIn.asked.length >= 6);
    for (const asked of standIn.asked) {
      const [, signature] = /Signature=([0-9a-f]{64})$/.exec(String(asked.headers.authorization)) ?? [];
      assert.is(signature, signatureOf(asked, secret), `${asked.method} ${asked.url.href}`);
      assert.is(asked.headers['x-amz-content-sha256'], createHash('sha256').update(asked.body).digest('hex'));
    }
  } finally {
    await standIn.stop();
  }
});

signing(
  'a twin never writes over what is there: the same bytes are as good as written, others are a fault',
  async () => {
    const stored = new Map<string, string>();
    const standIn = new StandIn(({ method, url, headers, body }) => {
      const there = stored.get(url.pathname);
      if (method === 'GET')
        return there === undefined ? { status: 404, body: 'NoSuchKey' } : { status: 200, body: there };
      if (headers['if-none-match'] === '*' && there !== undefined) return { status: 412, body: 'PreconditionFailed' };
      stored.set(url.pathname, body);
      return { status: 200, body: '' };
    });
    await standIn.start();
    try {
      const address = { bucket: 'b', prefix: '', endpoint: standIn.origin, region: 'eu-central-1' };
      const store = new S3Store({ ...address, keyId: 'someone', secret }, straight, systemClock);
      await store.put('days/x', Buffer.from('bytes'));
      await store.put('days/x', Buffer.from('bytes'));
      assert.instance(await thrown(store.put('days/x', Buffer.from('other'))), TransientError);
      assert.equal([...stored.values()], ['bytes']);
      // As of a server that does not know the condition.
      standIn.always = ({ headers }) => (headers['if-none-match'] === undefined ? undefined : { status: 501 });
      await store.put('days/y', Buffer.from('more'));
      assert.equal([...stored.values()], ['bytes', 'more']);
    } finally {
      await standIn.stop();
    }
  },
);

signing('what is no whole list of files is none', async () => {
  const endless = '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>';
  for (const body of ['<html>Welcome</html>', '', '<ListBucketResult><IsTruncated>false</IsTruncated>', endless]) {
    const standIn = new StandIn(() => ({ status: 200, body }));
    await standIn.start();
    try {
      const address = { bucket: 'b.example', prefix: '', endpoint: standIn.origin, region: 'eu-central-1' };
      const store = new S3Store({ ...address, keyId: 'someone', secret }, straight, systemClock);
      const error = await store.list('days/').catch((thrown: unknown) => thrown);
      assert.instance(error, TransientError, body);
    } finally {
      await standIn.stop();
    }
  }
});

signing('a list comes in pages, with names that XML escapes', async () => {
  const page = (key: string, rest: string) =>
    `<ListBucketResult>${rest}<Contents><Key>p/${key}</Key><Size>3</Size></Contents></ListBucketResult>`;
  const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>';
  const standIn = new StandIn(({ url }) => ({
    status: 200,
    body:
      url.searchParams.get('continuation-token') === 'a&b='
        ? page('days/a&#x26;&lt;&#62;', '<IsTruncated>false</IsTruncated>')
        : page('days/b', more),
  }));
  await standIn.start();
  try {
    const address = { bucket: 'bucket', prefix: 'p', endpoint: standIn.origin, region: 'us-east-1' };
    const store = new S3Store({ ...address, keyId: 'someone', secret }, straight, systemClock);
    assert.equal(await store.list('days/'), [
      { name: 'days/a&<>', bytes: 3 },
      { name: 'days/b', bytes: 3 },
    ]);
  } finally {
    await standIn.stop();
  }
});

signing.run();
