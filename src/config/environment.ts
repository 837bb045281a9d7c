import { readFileSync } from 'node:fs';

/** The one place that reads the environment of the process. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;

export function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
