// The check of a few minutes, for every change: format, lint, types, dead code, generated files, the rules of the
// repository, and every test that starts neither a server nor a daemon. It installs nothing. The last line is
// `N passed, N failed`.
import { checks } from './checks.mjs';
import { end, step, tests } from './steps.mjs';

let built = true;
for (const check of checks.filter(({ command }) => command !== undefined)) {
  const ok = await step(check);
  if (check.name === 'types and build') built = ok;
}
if (built)
  await tests('rules and quick tests', [process.execPath, 'scripts/test.mjs', '--quick'], { failuresOnly: true });
end();
