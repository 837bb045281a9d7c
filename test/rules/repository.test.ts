import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importRules } from '../helpers/import-line.js';
import { mirrorRule, misplacedSpanning } from './mirrors.js';
import { linearRule, unneeded } from './regular-expressions.js';
import { sources } from './repository.js';
import { repositoryRules } from './repository-rules.js';
import type { Rule, Source } from './rule.js';
import { genuine, wordRule } from './words.js';

const rules: readonly Rule[] = [...repositoryRules, linearRule, mirrorRule, wordRule];
const folders = ['src', 'actors', 'supervisors', 'test', 'bench', 'scripts', 'deploy', 'docs', '.ci'];
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'package.json', '.env.example'];
const everything = sources(...folders, ...pages);

for (const { name, why, broken } of rules) {
  test(`rule: ${name}`, () => {
    assert.ok(everything.length > 300, 'the sources were not found');
    const found = broken(everything);
    assert.is(found.join('\n'), '', `${why} (CONTRIBUTING.md)\n${found.join('\n')}`);
  });
}

/** By rule: texts that break it, each once. */
const forbidden: Record<string, Source[]> = {
  'exact versions': ['^1.2.3', '1.2', 'latest', 'npm:other@~1.2.3'].map(version => ({
    path: 'package.json',
    text: JSON.stringify({ devDependencies: { some: version } }),
  })),
  'no secrets': [
    `-----BEGIN RSA ${'PRIVATE KEY-----'}x`,
    `AKIA${'A'.repeat(16)}`,
    `es_${'a'.repeat(43)}`,
    ['', 'home', 'mira', 'x'].join('/'),
  ].map(text => ({ path: 'docs/deploy.md', text })),
  'comments say the noun': ['/** ', '  // ', ' * ', "  description: '"].map(start => ({
    path: 'src/one.ts',
    text: `${start}Of all rows`,
  })),
  'comments within 120 columns': ['// ', '  /** ', '   * '].map(start => ({
    path: 'src/one.ts',
    text: `${start}${'word '.repeat(24)}end`,
  })),
  'no early return': [
    `test('one', async () => {\n  if (found === undefined) return;\n  assert.ok(found);\n});`,
    `  test('one', context => {\n    if (x) {\n      return;\n    }\n  });`,
  ].map(text => ({ path: 'test/one.test.ts', text })),
  'what is registered is tested': [
    { path: 'src/sinks/registry.ts', text: `import { webhookSink } from './webhook.js';` },
    { path: 'src/health/probes/registry.ts', text: `import { redisProbe } from './redis.js';` },
  ],
  'linear patterns': [
    '/(a+)+b/',
    '/^[^ @]+@[^ @]+[.][^ @]+$/',
    String.raw`/\/+$/`,
    '/with message "(.*)"$/s',
    String.raw`/a\S* = (\d+)/`,
    '/(?:x+y|z)+;/',
    '/x*x*y/',
    'new RegExp(text)',
  ].map(pattern => ({ path: 'src/one.ts', text: `const one = ${pattern};` })),
  'tests mirror files': ['test/http/nothing.test.ts', 'test/actors/nothing.test.ts', 'test/nothing.test.ts'].map(
    path => ({ path, text: '' }),
  ),
  'words of the field': ['const aDoor = 1;', 'It was told.', 'const letter of list'].map(text => ({
    path: 'src/one.ts',
    text,
  })),
};

for (const { name, broken } of rules) {
  test(`is found to break it: ${name}`, () => {
    assert.ok((forbidden[name] ?? []).length > 0);
    for (const source of forbidden[name] ?? []) assert.is(broken([source]).length, 1, source.text);
  });
}

test('what is allowed is not reported', () => {
  const allowed: Source[] = [
    { path: 'package.json', text: '{"dependencies":{"a":"1.2.3","b":"npm:@c/d@1.2.3"}}' },
    {
      path: 'docs/one.md',
      text: 'es_… stands for a key; how to tell events apart; told apart; letters, digits and dots',
    },
    {
      path: 'src/one.ts',
      text: String.raw`const all = [/^\/+/, /[^a-z]+/g, /;\s*charset="?([^\s;"]+)/i, /\b(\d{1,9}) of/, /a+b/y, /^(a|b)*c$/];`,
    },
    {
      path: 'test/health/one.test.ts',
      text: `test('one', () => {\n  const f = () => {\n    if (x) return;\n  };\n  assert.ok(f);\n});`,
    },
    {
      path: 'test/http/two.test.ts',
      text: `test('two', () => {\n  if (x) {\n    skipped('a', 'b');\n    return;\n  }\n});`,
    },
    { path: 'src/health/one.ts', text: '' },
    { path: 'src/http/two/inner.ts', text: '' },
  ];
  for (const { name, broken } of rules) assert.equal(broken(allowed), [], name);
});

test('patterns that need not be linear are there, so that the list says what is so', () => {
  assert.equal(unneeded(everything), []);
});

test('tests that span the product do, so that the list says what is so', () => {
  assert.equal(misplacedSpanning(new Set(everything.map(({ path }) => path))), []);
});

test('files that may use an old word do, so that the list says what is so', () => {
  for (const path of Object.keys(genuine)) {
    const [source] = sources(path);
    assert.ok(source !== undefined && wordRule.broken([{ ...source, path: 'elsewhere.ts' }]).length > 0, path);
  }
});

test('the lockfile names no registry, and knows the packages of other platforms', () => {
  const text = readFileSync('package-lock.json', 'utf8');
  assert.not.match(text, /"resolved"|\/\/registry\./);
  const packages = (JSON.parse(text) as { packages: Record<string, { optionalDependencies?: object }> }).packages;
  const names = new Set(Object.keys(packages).map(path => path.split('node_modules/').at(-1)));
  for (const entry of Object.values(packages)) {
    // npm ci refuses a lockfile without them; npm install forgets those that the registry of the moment does not have.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) assert.ok(names.has(name), `${name} is missing`);
  }
});

test('CONTRIBUTING.md lists every rule with its reason, and no other', async () => {
  const { checks } = (await import(pathToFileURL('scripts/checks.mjs').href)) as {
    checks: readonly Omit<Rule, 'broken'>[];
  };
  const [, table = ''] = /## Rules\n([\s\S]*?)\n## /.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? [];
  const listed = [...table.matchAll(/^\| (?!rule )([a-z][^|]*?) \| ([^|]*?) \| [^|]+ \|$/gm)].map(
    ([, name, why]) => `${name}: ${why}`,
  );
  const known = [...checks, ...importRules, ...rules].map(({ name, why }) => `${name}: ${why}`);
  assert.equal(listed.sort(), known.sort());
});

test.run();
