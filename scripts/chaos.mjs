// Faults under load, with an oracle: see test/chaos/main.ts, which this runs as it was compiled.
//
//   npm run chaos -- [--broker embedded|rabbitmq] [--seed N] [--runs K] [--minutes M] [--verbose]
import { main } from '../dist/test/chaos/main.js';

// Whatever is still open then is not a reason to stay.
process.exit(await main(process.argv.slice(2)));
