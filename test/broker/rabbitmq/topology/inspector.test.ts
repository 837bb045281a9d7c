import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PermissionError } from '../../../../src/broker/rabbitmq/errors.js';
import { Inspector } from '../../../../src/broker/rabbitmq/topology/inspector.js';
import { TransientError } from '../../../../src/errors.js';
import { settled } from '../../../helpers/manual-clock.js';
import { FakeConnection } from '../fake-connection.js';

class Scene extends FakeConnection {
  readonly inspector = new Inspector(this.connection, this.clock);
  /** The queues that RabbitMQ was asked for. */
  readonly asked: string[] = [];

  constructor() {
    super();
    const { server, asked } = this;
    const checkQueue = server.checkQueue.bind(server);
    server.checkQueue = (name, channel) => {
      asked.push(name);
      return checkQueue(name, channel);
    };
  }
}

const test = suite<{ scene: Scene }>('inspector');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.connection.open();
});
test.after.each(({ scene }) => scene.connection.close());

test('all who ask within half a second share one answer, and what is forgotten is asked for again', async ({
  scene: { inspector, server, clock, asked },
}) => {
  server.consumers.set('q', 2);
  const empty = { messages: 0, consumers: 2 };
  assert.equal(await Promise.all([inspector.inspect('q'), inspector.inspect('q')]), [empty, empty]);
  await clock.pass(499);
  await inspector.inspect('q');
  assert.equal(asked, ['q']);
  await clock.pass(1);
  await inspector.inspect('q');
  inspector.forget('q');
  await inspector.inspect('q');
  await inspector.inspectNow('q');
  assert.equal(asked, ['q', 'q', 'q', 'q']);
  assert.is(server.channels.length, 1);
});

test('a queue that is not there closes the channel, and the next one is asked for on another', async ({
  scene: { inspector, server },
}) => {
  server.absent.add('gone');
  const [gone, there] = await Promise.all([inspector.inspect('gone'), inspector.inspect('q')]);
  assert.is(gone, undefined);
  assert.equal(there, { messages: 0, consumers: 0 });
  await settled();
  assert.equal(
    server.channels.map(({ closed }) => closed),
    [true, false],
  );
});

test('an error is not kept: the next one asks again', async ({ scene: { inspector, server, asked } }) => {
  const checkQueue = server.checkQueue;
  server.checkQueue = async () => {
    throw Object.assign(new Error('Operation failed: 403 with message "ACCESS_REFUSED"'), { code: 403 });
  };
  assert.instance(await inspector.inspect('q').catch(error => error), PermissionError);
  server.checkQueue = checkQueue;
  assert.equal(await inspector.inspect('q'), { messages: 0, consumers: 0 });
  assert.equal(asked, ['q']);
});

test('a server that does not answer within three seconds, or is not there, is an outage', async ({
  scene: { inspector, server, clock, connection },
}) => {
  server.checkQueue = () => new Promise(() => {});
  const silent = inspector.inspect('q').catch(error => error);
  await settled();
  await clock.pass(3_000);
  assert.instance(await silent, TransientError);
  assert.match((await silent).message, 'no answer within 3 s');
  server.reachable = false;
  server.cut();
  await settled();
  assert.is(connection.now(), undefined);
  assert.match((await inspector.inspect('q').catch(error => error)).message, 'no connection to RabbitMQ');
});

test.run();
