// What can be checked without a server, each with the reason for it. CONTRIBUTING.md lists them with these names and
// reasons. `npm run check` ends with the tests that need no server, `npm run verify` with all of them.
const node = process.execPath;

export const checks = [
  {
    name: 'format and lint',
    why: 'One layout, made by a program, so that a change shows only what changed.',
    fix: 'npm run format',
    command: [node, 'node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.'],
  },
  {
    name: 'types and build',
    why: 'What the compiler can prove needs no test.',
    command: [node, 'scripts/build.mjs'],
  },
  {
    name: 'dead code',
    why: 'Nobody reads, tests or fears code that nothing uses.',
    command: [node, 'node_modules/knip/bin/knip.js', '--no-progress'],
  },
  {
    name: 'dead code of the product',
    why: 'What only tests use is not part of the product, and belongs beside them.',
    command: [node, 'node_modules/knip/bin/knip.js', '--no-progress', '--production'],
  },
  {
    name: 'generated files',
    why: 'What follows from the code is written by the code: settings, the OpenAPI document and its types, dashboards.',
    fix: 'npm run generate',
    command: [node, 'scripts/generate.mjs', '--check'],
  },
  {
    name: 'tests assert',
    why: 'A test that asserts nothing cannot fail, and says nothing when it passes.',
    // By scripts/test.mjs, of every test that it runs.
  },
];
