import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importRules } from './helpers/import-line.js';
import { sources } from './rules/repository.js';
import type { Source } from './rules/rule.js';

const registry = {
  path: 'src/sinks/registry.ts',
  text: `import { mongodb } from './mongodb.js';\nimport { influxdb } from './influxdb/sink.js';\nimport type { SinkDefinition } from './sink.js';`,
};

const product = sources('src', 'actors', 'supervisors').filter(({ path }) => path.endsWith('.ts'));

for (const { name, why, broken } of importRules) {
  test(`rule: ${name}`, () => {
    assert.ok(product.length > 100, 'the sources were not found');
    assert.equal(broken(product), [], `${why} (CONTRIBUTING.md)`);
  });
}

test('what is allowed is not reported', () => {
  const allowed: Source[] = [
    registry,
    {
      path: 'src/main.ts',
      text: `import { run } from '../supervisors/root.js';\nprocess.exit(run(process.env));`,
    },
    { path: 'supervisors/root.ts', text: `import '../actors/http.js';\nimport { start } from 'nact';` },
    { path: 'actors/http.ts', text: `import { listen } from '../src/http/server.js';` },
    { path: 'src/sinks/mongodb.ts', text: `import { MongoClient } from 'mongodb';\nimport './sink.js';` },
    { path: 'src/sinks/influxdb/sink.ts', text: `import type { Message } from '../../broker/broker.js';` },
    { path: 'src/settings/readers.ts', text: `import { z } from 'zod';\nimport type { Fault } from '../errors.js';` },
    { path: 'src/config/load.ts', text: `import '../sinks/registry.js';` },
    { path: 'src/sinks/mongodb-settings.ts', text: `import '../config/schemas.js';` },
    { path: 'src/text.ts', text: `const url = 'http://process.invalid'; // process.env, import 'amqplib'` },
    { path: 'src/lines.ts', text: '\n'.repeat(299) },
  ];
  for (const { name, broken } of importRules) assert.equal(broken(allowed), [], name);
});

/** By rule and case. */
const forbidden: Record<string, Record<string, Source[]>> = {
  'one direction': {
    'from src': [{ path: 'src/http/server.ts', text: `import type { Root } from '../../supervisors/root.js';` }],
    'from src to an actor': [{ path: 'src/ledger.ts', text: `const http = await import('../actors/http.js');` }],
    'from an actor': [{ path: 'actors/http.ts', text: `export { restart } from '../supervisors/restart.js';` }],
    'to the entry': [{ path: 'src/cli/send.ts', text: `import '../main.js';` }],
  },
  'no circle': {
    'of files': [
      { path: 'src/broker/embedded.ts', text: `import '../storage/queue.js';` },
      { path: 'src/storage/queue.ts', text: `import '../ledger.js';` },
      { path: 'src/ledger.ts', text: `import './broker/embedded.js';` },
    ],
    'of folders': [
      { path: 'src/broker/queue.ts', text: `import '../storage/rows.js';` },
      { path: 'src/storage/rows.ts', text: '' },
      { path: 'src/storage/ledger.ts', text: `import '../broker/broker.js';` },
      { path: 'src/broker/broker.ts', text: '' },
    ],
    'of types': [
      { path: 'src/nginx/content.ts', text: `import type { Rotated } from './rotated.js';` },
      { path: 'src/nginx/rotated.ts', text: `import { open } from './content.js';` },
    ],
  },
  'one importer a driver': {
    'a driver': [{ path: 'src/http/server.ts', text: `import * as amqp from 'amqplib';` }],
    'a part of one': [{ path: 'src/ledger.ts', text: `import('prom-client/lib/registry.js');` }],
    'by require': [{ path: 'src/ledger.ts', text: `const nact = require('nact');` }],
  },
  'sinks apart': {
    'another sink': [registry, { path: 'src/sinks/mongodb.ts', text: `import { line } from './influxdb/line.js';` }],
    'a broker': [registry, { path: 'src/sinks/influxdb/sink.ts', text: `import '../../broker/amqp.js';` }],
  },
  'product without tests': {
    'a helper of tests': [{ path: 'src/clock.ts', text: `import '../test/helpers/skip.js';` }],
  },
  'environment in one place': {
    elsewhere: [{ path: 'src/log.ts', text: `const level = process.env.LOG_LEVEL;` }],
  },
  'exit in one place': {
    elsewhere: [{ path: 'actors/http.ts', text: `if (failed) process.exit(1);` }],
  },
  'at most 300 lines': {
    '301': [{ path: 'src/long.ts', text: 'export {};\n'.repeat(301) }],
  },
};

for (const { name, broken } of importRules) {
  test(`is found to break it: ${name}`, () => {
    const cases = Object.entries(forbidden[name] ?? {});
    assert.ok(cases.length > 0);
    for (const [what, files] of cases) {
      assert.is(broken(files).length, 1, `${what}: ${broken(files).join('\n')}`);
      for (const other of importRules) if (other.name !== name) assert.equal(other.broken(files), [], other.name);
    }
  });
}

test.run();
