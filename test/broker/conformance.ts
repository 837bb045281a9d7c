import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type {
  BatchLimits,
  Broker,
  DeadLetter,
  Delivery,
  Depth,
  QueueDefinition,
  Settlement,
  Subscription,
} from '../../src/broker/broker.js';
import { systemClock } from '../../src/clock.js';
import { UnsupportedError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';

/** A broker that was opened on queues of its own, empty, for one test. */
export interface BrokerHarness {
  readonly broker: Broker;
  /** Closes the broker and opens a new one on the same queues, as a restarted daemon would. */
  reopen(): Promise<Broker>;
  /** Ends what is open and removes what was made. */
  close(): Promise<void>;
}

export interface BrokerImplementation {
  open(queues: readonly QueueDefinition[]): Promise<BrokerHarness>;
  /** After the last test. */
  end?(): Promise<void>;
}

const never = new AbortController().signal;
const batchLimits: BatchLimits = { count: 100, bytes: 10_000_000, lingerMs: 50 };
/** Long enough that a test which waits for it has failed. */
const longMs = 60_000;

/** What any broker promises; see the Broker and Subscription ports. Depths may be known late, so they are polled. */
export function brokerConformance(name: string, implementation: BrokerImplementation): void {
  const test = suite(`${name} broker`);

  function check(promise: string, body: (harness: BrokerHarness, broker: Broker) => Promise<void>): void {
    test(promise, async () => {
      const run = randomUUID().slice(0, 8);
      const harness = await implementation.open(
        ['alpha', 'beta'].map(sink => ({ sink, name: `conformance.${run}.${sink}`, adopted: false })),
      );
      try {
        await body(harness, harness.broker);
      } finally {
        await harness.close();
      }
    });
  }

  check('delivers what was published, whole and in order', async (_, broker) => {
    const sent = messages(25, { source: 'nginx', received: 1_700_000_000_123 });
    assert.type(await broker.publish(sent), 'string');
    const got = await collect(await broker.subscribe('alpha', 100), 25);
    assert.equal(ids(got), ids(sent));
    assert.equal(
      got.map(({ body, source, received }) => ({ body, source, received })),
      sent.map(({ body, source, received }) => ({ body, source, received })),
    );
    assert.ok(got.every(({ redelivered }) => !redelivered));
  });

  check('gives everything to each queue', async (_, broker) => {
    const sent = messages(10);
    await broker.publish(sent);
    for (const sink of ['alpha', 'beta']) {
      const subscription = await broker.subscribe(sink, 100);
      const got = await collect(subscription, 10);
      assert.equal(ids(got), ids(sent));
      await subscription.settle(done(got));
    }
    for (const sink of ['alpha', 'beta']) await depthWhen(broker, sink, depth => depth.ready + depth.unsettled === 0);
  });

  check('gives a message that names sinks to those alone, and counts it there alone', async (_, broker) => {
    const [open, forAlpha, alsoOpen, forBeta, forBoth] = messages(5);
    const alone = { ...forAlpha!, sinks: ['alpha'] };
    const twice = { ...forBeta!, sinks: ['beta', 'beta'] };
    await broker.publish([open!, alone, alsoOpen!, twice, { ...forBoth!, sinks: ['alpha', 'beta'] }]);
    await broker.publish([{ ...alone, id: `${alone.id}-later` }]);
    const wanted = {
      alpha: [open!.id, alone.id, alsoOpen!.id, forBoth!.id, `${alone.id}-later`],
      beta: [open!.id, alsoOpen!.id, twice.id, forBoth!.id],
    };
    for (const sink of ['alpha', 'beta'] as const) {
      const subscription = await broker.subscribe(sink, 100);
      const got = await collect(subscription, wanted[sink].length);
      assert.equal(ids(got).sort(), [...wanted[sink]].sort());
      await subscription.settle(done(got));
      await stayEmpty(subscription);
    }
    const { sinks } = await until(
      () => broker.ledger(),
      ledger => ledger.sinks.every(({ pending }) => pending === 0),
    );
    for (const { sink, accepted, delivered, missing, difference } of sinks) {
      const count = wanted[sink as 'alpha' | 'beta'].length;
      assert.equal([sink, accepted, delivered, missing, difference], [sink, count, count, 0, 0]);
    }
  });

  check('keeps what names sinks over a restart, for those alone', async (harness, broker) => {
    const sent = messages(4).map((message, index) => (index % 2 === 0 ? { ...message, sinks: ['beta'] } : message));
    await broker.publish(sent);
    const reopened = await harness.reopen();
    assert.equal(ids(await collect(await reopened.subscribe('beta', 100), 4)).sort(), ids(sent).sort());
    const alpha = await reopened.subscribe('alpha', 100);
    assert.equal(ids(await collect(alpha, 2)).sort(), ids([sent[1]!, sent[3]!]).sort());
    await stayEmpty(alpha);
  });

  check('refuses a whole list in which one names a sink without a queue', async (_, broker) => {
    const [good, bad] = messages(2);
    const error = await broker.publish([good!, { ...bad!, sinks: ['alpha', 'gamma'] }]).catch(thrown => thrown);
    assert.instance(error, UnsupportedError);
    assert.match(error.message, /gamma/);
    await stayEmpty(await broker.subscribe('alpha', 10));
  });

  check('takes an empty list', async (_, broker) => {
    assert.type(await broker.publish([]), 'string');
    await stayEmpty(await broker.subscribe('alpha', 10));
  });

  check('keeps messages that came before anybody subscribed, and wakes who waits', async (_, broker) => {
    const subscription = await broker.subscribe('alpha', 10);
    const waiting = subscription.next(batchLimits, never);
    const [message] = messages(1);
    await broker.publish([message!]);
    assert.equal(ids(await waiting), [message!.id]);
  });

  check('does not repeat what was settled', async (harness, broker) => {
    await broker.publish(messages(5));
    const subscription = await broker.subscribe('alpha', 10);
    await subscription.settle(done(await collect(subscription, 5)));
    await stayEmpty(subscription);
    const reopened = await harness.reopen();
    await stayEmpty(await reopened.subscribe('alpha', 10));
  });

  check('never hands out more than the prefetch', async (_, broker) => {
    const sent = messages(20);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 8);
    const first = await collect(subscription, 8);
    assert.equal(ids(first), ids(sent.slice(0, 8)));
    await stayEmpty(subscription);
    const next = subscription.next({ ...batchLimits, count: 3 }, never);
    await subscription.settle(done(first.slice(0, 3)));
    const more = await next;
    more.push(...(await collect(subscription, 3 - more.length)));
    assert.equal(ids(more), ids(sent.slice(8, 11)));
    await stayEmpty(subscription);
  });

  check('limits a batch by count', async (_, broker) => {
    await broker.publish(messages(10));
    const subscription = await broker.subscribe('alpha', 100);
    const batch = await subscription.next({ ...batchLimits, count: 4, lingerMs: longMs }, never);
    assert.is(batch.length, 4);
  });

  check('limits a batch by bytes, but always gives one', async (_, broker) => {
    const sent = messages(6, { body: JSON.stringify({ text: 'x'.repeat(1000) }) });
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 100);
    const size = Buffer.byteLength(sent[0]!.body);
    const limits = { ...batchLimits, lingerMs: longMs };
    assert.equal(ids(await subscription.next({ ...limits, bytes: 2 * size }, never)), ids(sent.slice(0, 2)));
    assert.equal(ids(await subscription.next({ ...limits, bytes: 10 }, never)), ids(sent.slice(2, 3)));
    assert.equal(ids(await subscription.next({ ...limits, bytes: 3 * size }, never)), ids(sent.slice(3)));
  });

  check('lingers for more after the first', async (_, broker) => {
    const sent = messages(3);
    const subscription = await broker.subscribe('alpha', 100);
    const batch = subscription.next({ ...batchLimits, count: 3, lingerMs: longMs }, never);
    for (const message of sent) {
      await broker.publish([message]);
      await systemClock.sleep(5);
    }
    assert.equal(ids(await batch), ids(sent));
  });

  check('ends a linger with what there is', async (_, broker) => {
    await broker.publish(messages(2));
    const subscription = await broker.subscribe('alpha', 100);
    assert.is((await collect(subscription, 2)).length, 2);
  });

  check('settles out of order', async (harness, broker) => {
    const sent = messages(9);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 100);
    const got = await collect(subscription, 9);
    for (const index of [8, 4, 5, 0, 2]) await subscription.settle(done([got[index]!]));
    await depthWhen(broker, 'alpha', depth => depth.ready + depth.unsettled === 4);
    const reopened = await harness.reopen();
    const again = await reopened.subscribe('alpha', 100);
    const left = await collect(again, 4);
    assert.equal(ids(left).sort(), ids([1, 3, 6, 7].map(index => sent[index]!)).sort());
    await again.settle(done(left));
    await stayEmpty(again);
  });

  check('hands out again what was requeued', async (_, broker) => {
    const sent = messages(4);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 100);
    const got = await collect(subscription, 4);
    await subscription.requeue(got.slice(1, 3));
    const again = await collect(subscription, 2);
    assert.equal(ids(again), ids(sent.slice(1, 3)));
    assert.ok(again.every(({ redelivered }) => redelivered));
    await subscription.settle(done([got[0]!, ...again, got[3]!]));
    await stayEmpty(subscription);
  });

  check('gives back what is unsettled when a subscription closes', async (_, broker) => {
    const sent = messages(6);
    await broker.publish(sent);
    const first = await broker.subscribe('alpha', 100);
    const got = await collect(first, 6);
    await first.settle(done(got.slice(0, 2)));
    await first.close();
    const second = await broker.subscribe('alpha', 100);
    const again = await collect(second, 4);
    assert.equal(ids(again), ids(sent.slice(2)));
    assert.ok(again.every(({ redelivered }) => redelivered));
  });

  check('holds nothing while paused, and goes on when resumed', async (_, broker) => {
    const sent = messages(6);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 4);
    await collect(subscription, 4);
    await subscription.pause();
    await depthWhen(broker, 'alpha', depth => depth.unsettled === 0 && depth.ready === 6 && depth.consumers === 0);
    assert.equal(await subscription.next(batchLimits, never), []);
    await subscription.resume();
    const again = await collect(subscription, 4);
    assert.equal(ids(again), ids(sent.slice(0, 4)));
    assert.ok(again.every(({ redelivered }) => redelivered));
    await subscription.settle(done(again));
    assert.equal(ids(await collect(subscription, 2)), ids(sent.slice(4)));
  });

  check('lets another consumer go on while one is paused', async (_, broker) => {
    const sent = messages(3);
    await broker.publish(sent);
    const held = await broker.subscribe('alpha', 10);
    await collect(held, 3);
    await held.pause();
    const other = await broker.subscribe('alpha', 10);
    assert.equal(ids(await collect(other, 3)), ids(sent));
  });

  check('shares a queue between two consumers', async (_, broker) => {
    const sent = messages(40);
    const consumers = [await broker.subscribe('alpha', 5), await broker.subscribe('alpha', 5)];
    await broker.publish(sent);
    const got: Delivery[] = [];
    while (got.length < sent.length) {
      for (const consumer of consumers) {
        const batch = await nextWithin(consumer, { ...batchLimits, count: 5, lingerMs: 0 }, 50);
        got.push(...batch);
        await consumer.settle(done(batch));
      }
    }
    assert.equal(ids(got).sort(), ids(sent).sort());
  });

  for (const [what, stop] of [
    ['an aborted', (_: Subscription, abort: () => void) => abort()],
    ['a paused', (subscription: Subscription) => subscription.pause()],
    ['a closed', (subscription: Subscription) => subscription.close()],
  ] as const) {
    check(`resolves a waiting next of ${what} subscription with nothing`, async (_, broker) => {
      const subscription = await broker.subscribe('alpha', 10);
      const abort = new AbortController();
      const waiting = subscription.next(batchLimits, abort.signal);
      await systemClock.sleep(10);
      await stop(subscription, () => abort.abort());
      assert.equal(await waiting, []);
    });
  }

  check('loses nothing of a batch whose linger was aborted', async (_, broker) => {
    const sent = messages(2);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 10);
    assert.equal(await nextWithin(subscription, { ...batchLimits, lingerMs: longMs }, 100), []);
    assert.equal(ids(await collect(subscription, 2)), ids(sent));
  });

  check('ignores the settling of stale deliveries', async (_, broker) => {
    const sent = messages(3);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 10);
    const stale = await collect(subscription, 3);
    await subscription.pause();
    await subscription.settle(done(stale));
    await subscription.requeue(stale);
    await subscription.resume();
    const fresh = await collect(subscription, 3);
    assert.equal(ids(fresh), ids(sent));
    await subscription.settle(done(stale));
    await subscription.settle(done(fresh));
    await subscription.settle(done(fresh));
    await subscription.requeue(fresh);
    await stayEmpty(subscription);
  });

  check('treats equal ids as separate deliveries', async (_, broker) => {
    const [message] = messages(1);
    await broker.publish([message!, message!]);
    await broker.publish([message!]);
    const subscription = await broker.subscribe('alpha', 10);
    const got = await collect(subscription, 3);
    await subscription.settle(done(got.slice(0, 1)));
    await subscription.requeue(got.slice(1));
    assert.is((await collect(subscription, 2)).length, 2);
  });

  check('carries large, odd and unicode bodies', async (_, broker) => {
    const bodies = [
      JSON.stringify({ text: 'é€😀\u0000\u2028"\\' }),
      JSON.stringify({ text: 'x'.repeat(1024 * 1024) }),
      'plain text, no JSON',
      '',
    ];
    const sent = bodies.map(body => ({ ...messages(1)[0]!, body }));
    await broker.publish(sent);
    const got = await collect(await broker.subscribe('alpha', 10), bodies.length);
    assert.equal(
      got.map(({ body }) => body),
      bodies,
    );
  });

  check('keeps everything over a restart', async (harness, broker) => {
    const sent = messages(10);
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 4);
    const got = await collect(subscription, 4);
    await subscription.settle(done(got.slice(0, 2)));
    const reopened = await harness.reopen();
    // What had been handed out or fetched ahead may come back in another order.
    const left = await collect(await reopened.subscribe('alpha', 100), 8);
    assert.equal(ids(left).sort(), ids(sent.slice(2)).sort());
    assert.equal(ids(await collect(await reopened.subscribe('beta', 100), 10)), ids(sent));
  });

  check('takes from many publishers at once', async (_, broker) => {
    const lists = Array.from({ length: 20 }, () => messages(5));
    await Promise.all(lists.map(list => broker.publish(list)));
    const subscription = await broker.subscribe('alpha', 200);
    const got = await collect(subscription, 100);
    assert.equal(ids(got).sort(), lists.flatMap(ids).sort());
    for (const list of lists) {
      const wanted = new Set(ids(list));
      assert.equal(
        ids(got).filter(id => wanted.has(id)),
        ids(list),
        'each list keeps its order',
      );
    }
  });

  check('tells the depth', async (_, broker) => {
    const sent = messages(7, { received: 1_700_000_000_000 });
    await broker.publish(sent);
    const subscription = await broker.subscribe('alpha', 3);
    const got = await collect(subscription, 3);
    const depth = await depthWhen(broker, 'alpha', ({ ready, unsettled }) => ready === 4 && unsettled === 3);
    assert.is(depth.consumers, 1);
    await subscription.settle(done(got));
    await depthWhen(
      broker,
      'beta',
      ({ ready, unsettled, consumers }) => ready === 7 && unsettled === 0 && consumers === 0,
    );
  });

  check('lists its queues, and inspects one by name', async (_, broker) => {
    await broker.publish(messages(2));
    const queues = await until(
      () => broker.queues(),
      list => list.filter(({ sink, ready }) => (sink === 'alpha' || sink === 'beta') && ready === 2).length === 2,
    );
    const alpha = queues.find(({ sink, ready }) => sink === 'alpha' && ready === 2)!;
    assert.not(alpha.orphaned);
    assert.is((await broker.inspect(alpha.name))?.messages, 2);
    assert.is(await broker.inspect(`no.such.queue.${randomUUID()}`), undefined);
  });

  check('keeps dead letters with their story', async (_, broker) => {
    const [good, bad] = messages(2, { source: 'http', received: 1_700_000_000_000 });
    await broker.publish([good!, bad!]);
    const subscription = await broker.subscribe('alpha', 10);
    const got = await collect(subscription, 2);
    const settlement = allDead(got.slice(1), 'the field "x" is not a number');
    await subscription.settle({ ...settlement, done: got.slice(0, 1) });
    await stayEmpty(subscription);
    const [deadLetter, ...others] = await deadLettersWhen(broker, 'alpha', 1);
    assert.is(others.length, 0);
    assert.is(deadLetter!.id, bad!.id);
    assert.is(deadLetter!.body, bad!.body);
    assert.is(deadLetter!.sink, 'alpha');
    assert.is(deadLetter!.reason, 'the field "x" is not a number');
    assert.is(deadLetter!.fault, 'poison');
    assert.is(deadLetter!.attempts, 2);
    assert.is(deadLetter!.source, 'http');
    assert.is(deadLetter!.firstSeen, 1_700_000_000_000);
    assert.ok(deadLetter!.deadAt > 1_700_000_000_000);
    assert.is(await broker.deadLetters.count('alpha'), 1);
    assert.is(await broker.deadLetters.count('beta'), 0);
  });

  check('keeps dead letters over a restart', async (harness, broker) => {
    const sent = await deadly(broker, 3);
    const reopened = await harness.reopen();
    assert.equal(ids(await deadLettersWhen(reopened, 'alpha', 3)).sort(), ids(sent).sort());
  });

  check('pages dead letters', async (_, broker) => {
    const sent = await deadly(broker, 7);
    await deadLettersWhen(broker, 'alpha', 7);
    const found: DeadLetter[] = [];
    let cursor: string | null = null;
    do {
      const query: { sink: string; limit: number } = { sink: 'alpha', limit: 3 };
      const page = await broker.deadLetters.list(cursor === null ? query : { ...query, cursor });
      assert.ok(page.deadLetters.length <= 3);
      found.push(...page.deadLetters);
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.equal(ids(found).sort(), ids(sent).sort());
    assert.is(new Set(found.map(({ key }) => key)).size, 7);
  });

  check('re-drives dead letters to their own sink alone', async (_, broker) => {
    const sent = await deadly(broker, 4);
    const found = await deadLettersWhen(broker, 'alpha', 4);
    const chosen = found.filter(({ id }) => id === sent[1]!.id || id === sent[2]!.id).map(({ key }) => key);
    assert.is(await broker.deadLetters.redrive({ sink: 'alpha', keys: chosen }), 2);
    const alpha = await broker.subscribe('alpha', 10);
    const again = await collect(alpha, 2);
    assert.equal(ids(again).sort(), [sent[1]!.id, sent[2]!.id].sort());
    assert.equal(again.map(({ body }) => body).sort(), [sent[1]!.body, sent[2]!.body].sort());
    await alpha.settle(done(again));
    assert.is(await broker.deadLetters.redrive({ sink: 'alpha' }), 2);
    assert.is((await collect(alpha, 2)).length, 2);
    await deadLettersWhen(broker, 'alpha', 0);
    const beta = await broker.subscribe('beta', 10);
    await collect(beta, 4);
    await stayEmpty(beta);
  });

  check('removes dead letters', async (_, broker) => {
    await deadly(broker, 3);
    const found = await deadLettersWhen(broker, 'alpha', 3);
    assert.is(await broker.deadLetters.remove({ sink: 'alpha', keys: [found[0]!.key] }), 1);
    assert.is((await deadLettersWhen(broker, 'alpha', 2)).length, 2);
    assert.is(await broker.deadLetters.remove({ sink: 'alpha' }), 2);
    await deadLettersWhen(broker, 'alpha', 0);
    assert.is(await broker.deadLetters.remove({ sink: 'alpha' }), 0);
    assert.is(await broker.deadLetters.redrive({ sink: 'alpha' }), 0);
  });

  check('refuses a subscription of a sink without a queue', async (_, broker) => {
    const error = await broker.subscribe('nobody', 10).then(
      () => undefined,
      thrown => thrown,
    );
    assert.instance(error, Error);
  });

  test.after(async () => implementation.end?.());
  test.run();
}

let made = 0;

function messages(count: number, fields: Partial<Message> = {}): Message[] {
  return Array.from({ length: count }, () => {
    made += 1;
    const body = JSON.stringify({
      category: 'download',
      type: 'file',
      created: 1_700_000_000_000 + made,
      number: made,
    });
    return { id: `message-${process.pid}-${made}`, body, source: 'http', received: Date.now(), ...fields };
  });
}

/** Publishes and dead-letters for alpha; beta keeps what it got. */
async function deadly(broker: Broker, count: number): Promise<Message[]> {
  const sent = messages(count);
  await broker.publish(sent);
  const subscription = await broker.subscribe('alpha', 100);
  await subscription.settle(allDead(await collect(subscription, count), 'it is bad'));
  await subscription.close();
  return sent;
}

function ids(list: readonly { readonly id: string }[]): string[] {
  return list.map(({ id }) => id);
}

function done(deliveries: readonly Delivery[]): Settlement {
  return { done: deliveries, duplicates: 0, filtered: 0, dead: [] };
}

function allDead(deliveries: readonly Delivery[], reason: string): Settlement {
  return {
    done: [],
    duplicates: 0,
    filtered: 0,
    dead: deliveries.map(delivery => ({ delivery, reason, fault: 'poison', attempts: 2 })),
  };
}

async function nextWithin(subscription: Subscription, limits: BatchLimits, ms: number): Promise<Delivery[]> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ms);
  try {
    return await subscription.next(limits, abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Exactly this many, in as many batches as it takes. */
async function collect(subscription: Subscription, count: number): Promise<Delivery[]> {
  const got: Delivery[] = [];
  while (got.length < count) {
    const batch = await nextWithin(subscription, { ...batchLimits, count: count - got.length }, 60_000);
    assert.ok(batch.length > 0, `only ${got.length} of ${count} came`);
    got.push(...batch);
  }
  return got;
}

async function stayEmpty(subscription: Subscription): Promise<void> {
  assert.equal(ids(await nextWithin(subscription, batchLimits, 150)), []);
}

async function depthWhen(broker: Broker, sink: string, ready: (depth: Depth) => boolean): Promise<Depth> {
  return until(() => broker.depth(sink), ready);
}

async function deadLettersWhen(broker: Broker, sink: string, count: number): Promise<readonly DeadLetter[]> {
  const page = await until(
    () => broker.deadLetters.list({ sink, limit: 100 }),
    ({ deadLetters }) => deadLetters.length === count,
  );
  return page.deadLetters;
}

async function until<T>(ask: () => Promise<T>, ready: (value: T) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const value = await ask();
    if (ready(value)) return value;
    assert.ok(attempt < 1_200, `still ${JSON.stringify(value)}`);
    await systemClock.sleep(50);
  }
}
