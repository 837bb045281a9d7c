import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Numbers } from '../../../../src/broker/rabbitmq/ledger/numbers.js';
import { silentLog } from '../../../../src/log.js';
import { settled } from '../../../helpers/manual-clock.js';

const target = 'exchange events';

/** What is reserved on a disk that may fail. */
class Disk {
  readonly reserved = new Map<string, number>();
  full = false;

  async open(): Promise<Numbers> {
    const write = async (_name: string, args: unknown): Promise<void> => {
      const { target: name, below } = args as { target: string; below: number };
      if (this.full) throw new Error('the disk is full');
      this.reserved.set(name, below);
    };
    const numbers = new Numbers({ write } as never, silentLog);
    await numbers.open([target], this.reserved);
    return numbers;
  }
}

test('no number is given out twice, neither after an orderly end nor after a kill', async () => {
  const disk = new Disk();
  const first = await disk.open();
  assert.equal([first.next(target), first.next(target)], [1, 2]);
  await first.close();
  const second = await disk.open();
  assert.is(second.next(target), 3);
  // Killed: without `close`.
  const third = await disk.open();
  assert.ok(third.next(target) > 3);
});

test('the next block is reserved before the last one is used up, and publishing goes on while the disk is full', async () => {
  const disk = new Disk();
  const numbers = await disk.open();
  const before = disk.reserved.get(target)!;
  disk.full = true;
  for (let count = 0; count < 1_200_000; count += 1) numbers.next(target);
  await settled();
  assert.is(disk.reserved.get(target), before);
  disk.full = false;
  numbers.next(target);
  await settled();
  assert.ok(disk.reserved.get(target)! > numbers.upcoming(target));
});

test('numbers are raised to the highest seen, unless it cannot be one of ours', async () => {
  const numbers = await new Disk().open();
  assert.ok(numbers.seen(target, 5_000));
  assert.is(numbers.next(target), 5_001);
  assert.not(numbers.seen(target, Number.MAX_SAFE_INTEGER));
  assert.is(numbers.next(target), 5_002);
});

test.run();
