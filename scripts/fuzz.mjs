// Hostile input: see test/fuzz/main.ts, which this runs as it was compiled.
//
//   npm run fuzz -- [--inputs N] [--seed S] [--volley V]
import { main } from '../dist/test/fuzz/main.js';

// Whatever is still open then is not a reason to stay.
process.exit(await main(process.argv.slice(2)));
