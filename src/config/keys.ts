import { parseEntries } from '../keys/entries.js';
import type { KeySource } from '../keys/keys.js';
import type { ReadFile } from '../settings/reading.js';
import type { Problems, Values } from '../settings/setting.js';
import type { serverSettings } from './server.js';

/** The file is read to see that it is right; the key ring reads it again whenever it changes. */
export function keySource(values: Values<typeof serverSettings>, problems: Problems, readFile: ReadFile): KeySource {
  const { keys: entries, keysFile: file } = values;
  if (entries !== undefined && file !== undefined) {
    problems.add('API_KEYS_FILE', 'is set, and API_KEYS too. Leave one of them out');
  }
  if (entries !== undefined) check('API_KEYS', entries, 'entry');
  if (file !== undefined) {
    try {
      check('API_KEYS_FILE', readFile(file), 'line');
    } catch (error) {
      problems.add('API_KEYS_FILE', `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
    }
  }
  return { entries, file };

  function check(name: string, text: string, numbered: 'entry' | 'line'): void {
    for (const problem of parseEntries(text, numbered).problems) problems.add(name, problem);
  }
}
