import type { Rule, Source } from './rule.js';

/** What the texts of the whole repository keep to. */
export const repositoryRules: readonly Rule[] = [
  {
    name: 'exact versions',
    why: 'Two installs of one commit are the same program.',
    broken: sources =>
      sources
        .filter(({ path }) => path === 'package.json')
        .flatMap(({ path, text }) => {
          const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Record<
            string,
            Record<string, string>
          >;
          return Object.entries({ ...dependencies, ...devDependencies })
            .filter(([, version]) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version))
            .map(([name, version]) => `${path} asks for ${name} ${version}`);
        }),
  },
  {
    name: 'no secrets',
    why: 'What is committed is public: no key, no password, nothing of the machine it was written on.',
    broken: byLine([
      [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^.…]/, 'holds a private key'],
      [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/, 'holds a key of AWS'],
      [/\b(?:ghp|gho|ghs|github_pat|glpat|xox[abps])[-_][A-Za-z0-9_-]{20,}/, 'holds a token'],
      [/\bes_[A-Za-z0-9_-]{40,}/, 'holds an API key'],
      [/(?<![\w.])\/(?:home|Users|root)\/(?!node\b|ann\b)[a-z][\w-]*\//, 'names a folder of a machine'],
    ]),
  },
  {
    name: 'comments say the noun',
    why: 'A comment that begins with "Of" leaves its noun to be guessed: a size, a name or a number of what?',
    broken: byLine([[/(?:\/\*\*?|\/\/|^ *\*|description: ['`"]) ?Of (?!course)/, 'begins with "Of"']]),
  },
  {
    name: 'comments within 120 columns',
    why: 'The formatter keeps code within 120 columns and leaves comments as they are: a line that runs out of the window is not read.',
    broken: sources =>
      byLine([[/^(?=.{121})\s*(?:\/\/|\/?\*)/u, 'has more than 120 columns']])(
        sources.filter(({ path }) => /\.(?:ts|mjs|css)$/.test(path)),
      ),
  },
  {
    name: 'no early return',
    why: 'A test that returns before it has asserted passes for nothing: one that cannot apply is not registered, or says SKIP.',
    broken: sources => sources.filter(({ path }) => /^test\/.*\.ts$/.test(path)).flatMap(earlyReturns),
  },
  {
    name: 'what is registered is tested',
    why: 'A sink without its contract test, or a probe without a test, would be found out by an operator.',
    broken: sources => registries.flatMap(registry => untested(registry, sources)),
  },
];

/** A registry, what its files import beside what they register, and the test that each entry has. */
const registries = [
  { path: 'src/sinks/registry.ts', besides: 'sink', testOf: (name: string) => `test/sinks/${name}/contract.test.ts` },
  {
    path: 'src/health/probes/registry.ts',
    besides: 'probe',
    testOf: (name: string) => `test/health/probes/${name}.test.ts`,
  },
] as const;

function untested({ path, besides, testOf }: (typeof registries)[number], sources: readonly Source[]): string[] {
  const text = sources.find(source => source.path === path)?.text ?? '';
  const names = [...text.matchAll(/ from '\.\/([\w-]+)\.js';/g)].map(match => match[1]!);
  return names
    .filter(name => name !== besides && !sources.some(source => source.path === testOf(name)))
    .map(name => `${name} of ${path} has no ${testOf(name)}`);
}

function byLine(patterns: readonly (readonly [RegExp, string])[]): Rule['broken'] {
  return sources =>
    sources.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          patterns.flatMap(([pattern, fault]) => (pattern.test(line) ? [`${path}:${index + 1} ${fault}`] : [])),
        ),
    );
}

/** In the body of a test itself, as the formatter lays it out; what functions within it return is their own. */
function earlyReturns({ path, text }: { readonly path: string; readonly text: string }): string[] {
  const lines = text.split('\n');
  let body: string | undefined;
  return lines.flatMap((line, index) => {
    const start = /^( *)\w+\(['`].*=> \{$/.exec(line);
    if (start !== null) body = start[1];
    else if (body !== undefined && line.startsWith(`${body}}`)) body = undefined;
    if (body === undefined || start !== null) return [];
    const returns = line.startsWith(`${body}  if (`) && /\) return(?: undefined)?;/.test(line);
    const nested = line === `${body}    return;` && !/SKIP|skipped\(/.test(lines[index - 1] ?? '');
    return returns || nested ? [`${path}:${index + 1} returns early`] : [];
  });
}
