import { parseArgs } from 'node:util';
import { again, report } from './report.js';
import { run } from './run.js';

const usage = `npm run chaos -- [--broker embedded|rabbitmq] [--seed N] [--runs K] [--minutes M] [--verbose]

Faults, drawn from a seed, at a daemon under load and at everything around it; then an oracle compares what was acknowledged
with what is in every sink. Each run is one seed: N, N + 1 … (default: one of the time of day). --verbose tells each fault.
`;

/** @returns the exit code: 0 when every run was right */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: 'string', default: 'embedded' },
      seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
      runs: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '0.5' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [seed, runs, minutes] = [values.seed, values.runs, values.minutes].map(Number) as [number, number, number];
  const { broker } = values;
  if (
    values.help ||
    (broker !== 'embedded' && broker !== 'rabbitmq') ||
    !(Number.isInteger(seed) && runs >= 1 && minutes > 0)
  ) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const print = (line: string): void => {
    if (values.verbose) process.stdout.write(`${line}\n`);
  };
  const failed: number[] = [];
  for (let number = seed; number < seed + runs; number += 1) {
    const durationMs = minutes * 60_000;
    try {
      const result = await run({ broker, seed: number, durationMs, print });
      process.stdout.write(`${report(result)}\n`);
      if (result.verdict.problems.length > 0) failed.push(number);
    } catch (error) {
      const why = (error as Error).stack ?? String(error);
      process.stdout.write(
        `${broker}, seed ${number}: NOT JUDGED: ${why}\n  again: ${again(broker, number, durationMs)}\n`,
      );
      failed.push(number);
    }
  }
  process.stdout.write(
    failed.length === 0 ? `${runs} runs, all right\n` : `${runs} runs, failed: seed ${failed.join(', seed ')}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}
