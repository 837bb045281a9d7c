// Hostile input: see test/fuzz/main.ts, which this runs as it was compiled.
//
//   npm run fuzz -- [--inputs N] [--seed S] [--volley V]
import { main } from '../dist/test/fuzz/main.js';

process.exitCode = await main(process.argv.slice(2));
