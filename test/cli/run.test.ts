import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../src/cli/commands.js';
import { parseEntries } from '../../src/keys/entries.js';
import { findKey } from '../../src/keys/keys.js';
import { invoke } from './invoke.js';

test('help names every command, and every command has help with examples', async () => {
  const { code, out } = await invoke(['--help']);
  assert.is(code, 0);
  for (const { name } of commands) {
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
    const help = await invoke([name, '--help']);
    assert.is(help.code, 0);
    assert.match(help.out, `Usage: event-sink ${name}`);
    assert.match(help.out, /Examples:\n {2}\S/);
    assert.equal(await invoke(['help', name]), help);
  }
});

test('the version is that of the package', async () => {
  assert.match((await invoke(['--version'])).out, /^\d+\.\d+\.\d+$/);
});

test('a command line that is wrong ends with 2 and says what was meant', async () => {
  const wrong: [string[], string][] = [
    [['chek'], 'did you mean check?'],
    [['send', '--ulr', 'x'], 'did you mean --url?'],
    [['--bad'], "Unknown option '--bad'"],
    [['keygen'], 'keygen takes one name'],
    [['keygen', 'a b'], 'a name is'],
    [['keygen', 'a', '--scopes', 'all'], '--scopes must be one or more of publish, read, admin'],
    [['replay'], 'needs a file'],
    [['replay', '--now', '--speed', '2', 'x'], 'either --now or --speed'],
    [['replay', '--speed', 'fast', 'x'], '--speed must be a number'],
    [['replay', '--rebase', '-'], 'standard input'],
    [['send'], 'needs an event'],
    [['send', '{}', '--url', 'localhost:1'], 'http://'],
    [['dead-letters', 'burn'], 'not burn'],
    [['dead-letters', 'redrive', '--all'], 'needs --sink'],
    [['dead-letters', 'delete', '--sink', 'x'], 'either name some with --key'],
    [['start', 'now'], 'no arguments'],
  ];
  for (const [words, said] of wrong) {
    const { code, err, out } = await invoke(words);
    assert.is(code, 2, words.join(' '));
    assert.match(err, said);
    assert.is(out, '');
  }
});

test('a key that was made is found by its entry', async () => {
  const { code, out } = await invoke(['keygen', 'ann', '--scopes', 'read+admin']);
  assert.is(code, 0);
  const { name, key, entry } = JSON.parse(out) as Record<string, string>;
  assert.is(name, 'ann');
  const { entries } = parseEntries(entry ?? '');
  assert.equal(findKey(entries, key ?? '')?.scopes, ['read', 'admin']);
});

test('on a terminal, keygen says where each part goes', async () => {
  const { out } = await invoke(['keygen', 'ann'], { onTerminal: true });
  assert.match(out, /es_[\w-]{43}\n/);
  assert.match(out, /ann:publish\+read:[0-9a-f]{64}$/);
});

test.run();
