import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Source, violations } from './helpers/import-line.js';

const layers = ['src', 'actors', 'supervisors'];

function productSources(): Source[] {
  return layers.flatMap(layer =>
    readdirSync(layer, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => ({ path: `${layer}/${name}`, text: readFileSync(`${layer}/${name}`, 'utf8') })),
  );
}

function json(path: string): Record<string, Record<string, unknown>> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

const registry = {
  path: 'src/sinks/registry.ts',
  text: `import { mongodb } from './mongodb.js';\nimport { influxdb } from './influxdb/sink.js';\nimport type { SinkDefinition } from './sink.js';`,
};

test('imports go supervisors → actors → src, and every driver has one home', () => {
  const sources = productSources();
  assert.ok(sources.length > 10, 'the sources were not found');
  assert.equal(violations(sources), []);
});

test('what is allowed is not reported', () => {
  const allowed: Source[] = [
    registry,
    { path: 'src/main.ts', text: `import { run } from '../supervisors/root.js';\nprocess.exit(run(process.env));` },
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
  assert.equal(violations(allowed), []);
});

const forbidden: Record<string, Source[]> = {
  upward: [{ path: 'src/http/server.ts', text: `import type { Root } from '../../supervisors/root.js';` }],
  'upward, to an actor': [{ path: 'src/ledger.ts', text: `const http = await import('../actors/http.js');` }],
  'upward from an actor': [{ path: 'actors/http.ts', text: `export { restart } from '../supervisors/restart.js';` }],
  'test code': [{ path: 'src/clock.ts', text: `import '../test/helpers/skip.js';` }],
  'the entry': [{ path: 'src/cli/send.ts', text: `import '../main.js';` }],
  'a driver out of place': [{ path: 'src/http/server.ts', text: `import * as amqp from 'amqplib';` }],
  'a part of a driver': [{ path: 'src/ledger.ts', text: `import('prom-client/lib/registry.js');` }],
  'a driver by require': [{ path: 'src/ledger.ts', text: `const nact = require('nact');` }],
  'another sink': [registry, { path: 'src/sinks/mongodb.ts', text: `import { line } from './influxdb/line.js';` }],
  'a broker': [registry, { path: 'src/sinks/influxdb/sink.ts', text: `import '../../broker/amqp.js';` }],
  environment: [{ path: 'src/log.ts', text: `const level = process.env.LOG_LEVEL;` }],
  exit: [{ path: 'actors/http.ts', text: `if (failed) process.exit(1);` }],
  'a circle of files': [
    { path: 'src/broker/embedded.ts', text: `import '../storage/queue.js';` },
    { path: 'src/storage/queue.ts', text: `import '../ledger.js';` },
    { path: 'src/ledger.ts', text: `import './broker/embedded.js';` },
  ],
  'a circle of folders': [
    { path: 'src/broker/queue.ts', text: `import '../storage/rows.js';` },
    { path: 'src/storage/rows.ts', text: '' },
    { path: 'src/storage/ledger.ts', text: `import '../broker/broker.js';` },
    { path: 'src/broker/broker.ts', text: '' },
  ],
  'a circle of types': [
    { path: 'src/nginx/content.ts', text: `import type { Rotated } from './rotated.js';` },
    { path: 'src/nginx/rotated.ts', text: `import { open } from './content.js';` },
  ],
  length: [{ path: 'src/long.ts', text: 'export {};\n'.repeat(301) }],
};

for (const [name, sources] of Object.entries(forbidden)) {
  test(`is reported: ${name}`, () => assert.is(violations(sources).length, 1, violations(sources).join('\n')));
}

test('versions are exact', () => {
  const { dependencies = {}, devDependencies = {} } = json('package.json');
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(String(version), /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/, name);
  }
});

test('the lockfile names no registry, and knows the packages of other platforms', () => {
  assert.not.match(readFileSync('package-lock.json', 'utf8'), /"resolved"|\/\/registry\./);
  const packages = json('package-lock.json').packages ?? {};
  const names = new Set(Object.keys(packages).map(path => path.split('node_modules/').at(-1)));
  for (const entry of Object.values(packages) as { optionalDependencies?: object }[]) {
    // npm ci refuses a lockfile without them; npm install forgets those that the registry of the moment does not have.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) assert.ok(names.has(name), `${name} is missing`);
  }
});

test.run();
