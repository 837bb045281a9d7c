import { parseArgs } from 'node:util';
import { fuzzFunctions } from './functions.js';
import { fuzzHttp } from './http.js';
import { FuzzProblem } from './problem.js';

const usage = `npm run fuzz -- [--inputs N] [--seed S] [--volley V]

Hostile input, drawn from a seed: at a real daemon over raw sockets, and at decoding, sinks, log lines and settings as functions.
--inputs: how many, of both kinds together (default 20,000). --volley: begin at that connection, which failed before.
`;

/** Share of all inputs that goes over the wire. */
const wireShare = 0.8;

/** @returns the exit code: 0 when nothing was found */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
      volley: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  const [inputs, seed, firstVolley] = [values.inputs, values.seed, values.volley].map(Number) as [
    number,
    number,
    number,
  ];
  if (values.help || !(inputs >= 1 && Number.isInteger(seed) && Number.isInteger(firstVolley))) {
    print(usage.trimEnd());
    return values.help ? 0 : 2;
  }
  const began = performance.now();
  try {
    const functions = firstVolley > 0 ? [] : fuzzFunctions(seed, Math.ceil(inputs * (1 - wireShare)));
    for (const { name, inputs: count } of functions)
      print(`${numbers(count)} ${name}: nothing thrown, every rule kept`);
    const http = await fuzzHttp({ seed, inputs: Math.ceil(inputs * wireShare), firstVolley, log: print });
    const { answered, statuses, accepted, identities, keyValues, longestStallMs, notes } = http;
    const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${numbers(count)} × ${status}`);
    print(`${numbers(answered)} requests, each answered as documented, or the connection ended: ${answers.join(', ')}`);
    print(`${numbers(accepted)} events accepted, and accounted for in the ledger; no error in the log, no restart`);
    print(
      `${numbers(identities.repeated)} of them accepted again under their ids, ${numbers(identities.conflicts)} requests refused for another text under one`,
    );
    print(`memory of the daemon along the way, MiB: ${keyValues.join(' ')}`);
    for (const note of notes) print(note);
    print(`the event loop stood for ${longestStallMs} ms at most`);
    const total = functions.reduce((sum, { inputs: count }) => sum + count, answered);
    print(
      `seed ${seed}: ${numbers(total)} inputs in ${Math.round((performance.now() - began) / 1_000)} s, nothing found`,
    );
    return 0;
  } catch (error) {
    const { message, stack } = error as Error;
    print(error instanceof FuzzProblem ? `FAILED ${message}\n  input: ${error.input}` : `FAILED ${stack}`);
    const volley = /^volley (\d+)/.exec(message)?.[1];
    print(
      `again: npm run fuzz -- --inputs ${inputs} --seed ${seed}${volley === undefined ? '' : ` --volley ${volley}`}`,
    );
    return 1;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function numbers(count: number): string {
  return count.toLocaleString('en-GB');
}
