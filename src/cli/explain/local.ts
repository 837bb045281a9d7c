import type { Clock } from '../../clock.js';
import type { Config } from '../../config/config.js';
import { createExplain, type Explain } from '../../explain/explain.js';
import { Countries } from '../../geoip/countries.js';
import { idSecretPath } from '../../keys/id-secret.js';
import { readSecretFile } from '../../keys/secret-file.js';
import { silentLog } from '../../log.js';

/** Where no daemon has made a secret yet: pseudonyms are of this program alone, and the same at every run. */
const standInSecret = 'event-sink explain';

/** Without a daemon, from its settings: nothing is known beside the events, and no folder is made. */
export function explainHere(config: Config, clock: Clock): Explain {
  const { dataDir, idSecret } = config.server;
  const countries = new Countries({ source: config.geoip, clock, log: silentLog });
  return createExplain({
    config,
    idSecret: idSecret ?? readSecretFile(idSecretPath(dataDir)) ?? standInSecret,
    countryOf: countries.of,
    clock,
  });
}
