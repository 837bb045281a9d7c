import { Random } from '../helpers/random.js';
import { fuzzAmqp } from './amqp.js';
import { fuzzDigits, fuzzTimes } from './digits.js';
import { fuzzLogFormats } from './log-formats.js';
import { fuzzLogLines } from './nginx.js';
import { FuzzProblem } from './problem.js';
import { fuzzSettings } from './settings.js';
import { fuzzMessage, fuzzNames } from './sinks.js';

/** What is fuzzed as functions, with its share of such inputs. */
const targets = {
  'messages through every sink': [0.4, fuzzMessage],
  'messages over AMQP': [0.1, fuzzAmqp],
  'numbers of many digits': [0.1, fuzzDigits],
  'spellings of a time': [0.05, fuzzTimes],
  'names of people': [0.1, fuzzNames],
  'log lines': [0.1, fuzzLogLines],
  'lines of any log format': [0.1, fuzzLogFormats],
  settings: [0.05, fuzzSettings],
} as const;

export interface FunctionResult {
  readonly name: string;
  readonly inputs: number;
}

/** Each input is drawn from the seed and its number alone. @throws FuzzProblem with the input */
export function fuzzFunctions(seed: number, inputs: number): FunctionResult[] {
  return Object.entries(targets).map(([name, [share, one]]) => {
    const count = Math.ceil(inputs * share);
    for (let number = 0; number < count; number += 1) {
      try {
        one(new Random(seed).fork(`${name} ${number}`));
      } catch (error) {
        const input = error instanceof FuzzProblem ? error.input : '';
        const what = error instanceof FuzzProblem ? error.message : (error as Error).stack;
        throw new FuzzProblem(`${name}, input ${number}: ${what}`, input);
      }
    }
    return { name, inputs: count };
  });
}
