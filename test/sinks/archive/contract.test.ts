import { archiveSink } from '../../../src/sinks/archive.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { sinkContract } from '../contract.js';
import { archived, idsOf, poison } from './archived.js';

await sinkContract('archive', async () => {
  const folder = temporaryFolder();
  const config = { place: { folder: folder.path }, sealMs: 0 };
  return {
    ...{ definition: archiveSink, config, message: archived, poison },
    delivered: () => idsOf(config),
    close: () => folder.remove(),
  };
});
