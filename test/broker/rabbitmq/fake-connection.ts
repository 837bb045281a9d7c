import { Connection } from '../../../src/broker/rabbitmq/connection.js';
import { silentLog } from '../../../src/log.js';
import { ManualClock } from '../../helpers/manual-clock.js';
import { FakeServer } from './fake-channel.js';

/** A connection without a server, on a clock that stands still: what a scene begins with. */
export class FakeConnection {
  readonly server = new FakeServer();
  readonly clock = new ManualClock();
  readonly connection = new Connection({
    nodes: ['amqp://127.0.0.1'],
    name: 'test',
    clock: this.clock,
    log: silentLog,
    connect: this.server.connect,
  });
}
