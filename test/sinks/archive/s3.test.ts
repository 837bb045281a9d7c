import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../src/clock.js';
import { openStore } from '../../../src/sinks/archive/open-store.js';
import { archiveSink } from '../../../src/sinks/archive.js';
import { straight } from '../../helpers/outgoing.js';
import { startS3 } from '../../helpers/servers/s3.js';
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
