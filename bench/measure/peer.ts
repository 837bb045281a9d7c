import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Program } from './program.js';

/** Programs of others that do a part of the same work; the configuration of each is in bench/peers. */
export type PeerName = 'telegraf' | 'bento';

const flags: Readonly<Record<PeerName, string>> = { telegraf: '--config', bento: '-c' };

/** What starts it with that configuration; undefined, and a line that says so, where it is not on the PATH. */
export function findPeer(
  name: PeerName,
  file: string,
): ((env: Readonly<Record<string, string>>) => Program) | undefined {
  const command = commandOf(name);
  if (command === undefined) {
    console.log(`${name} is left out: there is no program of that name on the PATH (bench/peers/${file})`);
    return undefined;
  }
  return env => new Program(command, [flags[name], `bench/peers/${file}`], env);
}

function commandOf(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '');
  return places.map(folder => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
