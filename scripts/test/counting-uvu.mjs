// uvu, whose tests fail when they end without having asserted anything.
import { exec, suite as realSuite, test as realTest } from 'uvu';
import { assertions } from './assertions.mjs';

export { exec };
export const suite = (...args) => counted(realSuite(...args));
export const test = counted(realTest);

function counted(add) {
  const adding = to => (name, run) =>
    to(name, async state => {
      const before = assertions.count;
      await run(state);
      if (assertions.count === before) throw new Error('the test asserted nothing');
    });
  return Object.assign(adding(add), add, { only: adding(add.only) });
}
