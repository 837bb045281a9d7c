import { SetupError, TransientError } from '../../src/errors.js';
import { message } from '../helpers/memory-broker.js';
import { scriptedSink } from '../helpers/scripted-sink.js';
import { sinkContract } from './contract.js';

sinkContract('scripted', () => {
  const state: { outage: boolean; locked: boolean; retryAfter: number | undefined } = {
    outage: false,
    locked: false,
    retryAfter: undefined,
  };
  const stored = new Map<string, true>();
  const check = (): void => {
    if (state.outage) throw new TransientError('connection refused');
    if (state.retryAfter !== undefined) throw new TransientError('too many', { retryAfterMs: state.retryAfter * 1000 });
    if (state.locked) throw new SetupError('the key is wrong');
  };
  const sink = scriptedSink(events => {
    check();
    const rejected = events.flatMap(({ id }, index) =>
      id.startsWith('bad') ? [{ index, reason: 'the destination does not like it' }] : [],
    );
    for (const { id } of events) if (!id.startsWith('bad')) stored.set(id, true);
    return { rejected };
  });
  sink.probe = check;
  return {
    definition: sink.definition,
    config: {},
    message: id => message(id),
    poison: id => message(id),
    delivered: () => [...stored.keys()],
    outage: on => {
      state.outage = on;
    },
    overload: seconds => {
      state.retryAfter = seconds;
    },
    locked: on => {
      state.locked = on;
    },
    close: () => {
      if (sink.broken.length > 0) throw new Error(`the runner broke its promises: ${sink.broken}`);
    },
  };
});
