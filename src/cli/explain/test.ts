import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../../clock.js';
import type { Config } from '../../config/config.js';
import { readFile } from '../../config/environment.js';
import { loadConfig } from '../../config/load.js';
import { readYaml } from '../../config/yaml.js';
import { describe } from '../../errors.js';
import { type Case, type ExpectationFile, FileError, readExpectations } from '../../explain/expectations.js';
import { guessKind, InputError } from '../../explain/input.js';
import type { Difference } from '../../explain/match.js';
import { compare, unknownNames } from '../../explain/verdict.js';
import { problemReport } from '../../settings/problems.js';
import { type Command, exitCodes, type Invocation, UsageError } from '../command.js';
import { coloured, type Terminal } from '../terminal.js';
import { explainHere } from './local.js';

export const test: Command = {
  usage: 'test FILE… [--json]',
  description:
    'Runs tests of a configuration: events, and what is expected of them at the sinks, written in YAML (docs/explain.md). Reads the settings that the daemon would read, or the file that the tests name; needs no daemon, and sends nothing.\nExit code 0: all is as expected; 1: something is not; 2: a file, or the configuration, is broken.',
  options: {},
  examples: ['event-sink test event-sink.test.yaml', 'event-sink test tests/*.yaml --json'],
  async run(invocation) {
    const { operands, terminal, values } = invocation;
    if (operands.length === 0) throw new UsageError('test needs a file of tests');
    let worst: number = exitCodes.ok;
    const sums = { passed: 0, failed: 0 };
    for (const path of operands) {
      const results = await runFile(path, invocation);
      if (typeof results === 'string') {
        worst = exitCodes.usage;
        terminal.err(`${path} is broken:\n${results}`);
        continue;
      }
      for (const result of results) {
        const failed = result.differences.length > 0;
        sums[failed ? 'failed' : 'passed'] += 1;
        if (values.json === true) terminal.out(JSON.stringify({ file: path, ...result, passed: !failed }));
        else print(path, result, terminal);
      }
    }
    if (values.json !== true) terminal.out(`${sums.passed} passed, ${sums.failed} failed`);
    return worst === exitCodes.ok && sums.failed > 0 ? exitCodes.failed : worst;
  },
};

interface Result {
  readonly test: string;
  readonly differences: readonly Difference[];
}

/** What became of each test, or what is wrong with the file. */
async function runFile(path: string, invocation: Invocation): Promise<readonly Result[] | string> {
  try {
    const file = readExpectations(documentIn(path));
    const config = configOf(file, path, invocation);
    const unknown = file.cases.flatMap(({ name, expected }) =>
      unknownNames(
        expected,
        config.sinks.map(({ definition }) => definition.name),
      ).map(sink => `${name}: there is no sink ${sink}`),
    );
    if (unknown.length > 0)
      throw new FileError([
        ...unknown,
        `there are ${config.sinks.map(({ definition }) => definition.name).join(', ')}`,
      ]);
    const results: Result[] = [];
    for (const one of file.cases)
      results.push({ test: one.name, differences: await runCase(one, path, config, invocation.clock) });
    return results;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.problems.map(problem => `  ${problem}`).join('\n');
  }
}

/** @throws FileError */
async function runCase({ name, input, now, expected }: Case, path: string, config: Config, clock: Clock) {
  const text = 'file' in input ? readText(resolve(dirname(path), input.file)) : input.text;
  const kind = input.kind ?? guessKind(text);
  const at = (time: number): Clock => ({ ...clock, now: () => time, monotonic: () => time });
  try {
    const present = now ?? clock.now();
    const first = await explainHere(config, at(present))(text, kind);
    // Without a time of its own, a test happens when its events do: it is as true next year.
    const created = Math.max(...first.map(({ event }) => event?.created ?? Number.NEGATIVE_INFINITY));
    const found =
      now === undefined && Number.isFinite(created) ? await explainHere(config, at(created))(text, kind) : first;
    return compare(expected, found);
  } catch (error) {
    throw error instanceof InputError ? new FileError([`${name}: ${error.message}`]) : error;
  }
}

/** @throws FileError */
function configOf({ config, settings }: ExpectationFile, path: string, { env }: Invocation): Config {
  const file = config === undefined ? {} : { EVENT_SINK_CONFIG: resolve(dirname(path), config) };
  const loaded = loadConfig({ env: { ...env, ...file, ...settings }, readFile });
  if ('problems' in loaded) throw new FileError([problemReport(loaded.problems)]);
  return loaded.config;
}

/** @throws FileError */
function documentIn(path: string): unknown {
  const read = readYaml(path, readText(path));
  if ('flaw' in read) throw new FileError([read.flaw]);
  return read.typed;
}

/** @throws FileError */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FileError([`${path} cannot be read: ${describe(error)}`]);
  }
}

function print(path: string, { test, differences }: Result, terminal: Terminal): void {
  if (differences.length === 0) return terminal.outColoured([coloured('ok', 'green'), `    ${test}`]);
  terminal.outColoured([coloured('FAIL', 'red'), `  ${test} (${path})`]);
  for (const { path: place, expected, found } of differences) {
    terminal.out(`        ${place}`);
    terminal.outColoured(['          expected  ', coloured(expected, 'green')]);
    terminal.outColoured(['          found     ', coloured(found, 'red')]);
  }
}
