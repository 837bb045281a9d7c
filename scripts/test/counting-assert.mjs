// uvu/assert, each function of which counts that it was called.
import * as assert from 'uvu/assert';
import { assertions } from './assertions.mjs';

export const { Assertion } = assert;
export const { equal, fixture, instance, is, match, not, ok, snapshot, throws, type, unreachable } = Object.fromEntries(
  Object.entries(assert).map(([name, check]) => [
    name,
    // With what hangs on it: `not.equal`, `is.not`.
    Object.assign(counted(check), Object.fromEntries(Object.entries(check).map(([part, of]) => [part, counted(of)]))),
  ]),
);

function counted(check) {
  return (...args) => {
    assertions.count += 1;
    return check(...args);
  };
}
