import { seconds } from '../settings/durations.js';
import { mebibytes } from '../settings/numbers.js';
import type { Problems, Values } from '../settings/setting.js';
import { atStart, setting } from '../settings/setting.js';
import { boolean, choice, text } from '../settings/words.js';
import { brokerNodes } from './broker-nodes.js';

export const brokerSettings = atStart(
  {
    uri: setting(
      'RABBITMQ_URI',
      brokerNodes().optional(),
      'RabbitMQ; amqps and several nodes separated by commas work. Default: none, the embedded broker.',
      { secret: true, aliases: ['CLOUDAMQP_URL'], example: 'amqp://user:password@rabbitmq:5672/%2F' },
    ),
    exchange: setting('RABBITMQ_EXCHANGENAME', text().default('clowder.metrics'), 'The fanout exchange of the events.'),
    queueType: setting(
      'RABBITMQ_QUEUE_TYPE',
      choice('quorum', 'classic').default('quorum'),
      'Type of the queues that the daemon declares: `quorum` or `classic`.',
    ),
    queueName: setting(
      'RABBITMQ_QUEUENAME',
      text().optional(),
      'As the older sinks had it: the existing queue that the one configured sink takes over. With several sinks, use MONGODB_QUEUE and its like.',
      { example: 'event.sink' },
    ),
    heartbeats: setting(
      'EXTRACTOR_HEARTBEATS',
      boolean().default('off'),
      'Make events of the heartbeats that extractors send to the exchange `extractors`. Needs RabbitMQ.',
    ),
    extractions: setting(
      'EXTRACTION_EVENTS',
      boolean().default('off'),
      'Make events of extractions, from queued to done, from what RabbitMQ copies while tracing is on ([extractions.md](extractions.md)). Needs RabbitMQ.',
    ),
    stuckMs: setting(
      'EXTRACTION_STUCK_SECONDS',
      seconds(60, 604_800).default('21600'),
      'An extraction of which nothing is heard for this long, with EXTRACTION_EVENTS on, is a problem and an event.',
    ),
    holdMs: setting(
      'HOLD_SECONDS',
      seconds(1, 1500).default('600'),
      'How long a sink that fails, or is slow, keeps what it has not written before its queue gets it back. Keep it below the acknowledgement timeout of the broker (30 minutes).',
    ),
    embeddedBytes: setting(
      'EMBEDDED_MAX_MB',
      mebibytes(1, 1_048_576).default('10240'),
      'Most disk space, MiB, for events that wait in the embedded queues. Beyond it new events are answered 503 and sources wait; nothing is dropped.',
    ),
    outboxBytes: setting(
      'OUTBOX_MAX_MB',
      mebibytes(0, 1_048_576).default('1024'),
      'Most disk space, MiB, for events that wait for RabbitMQ; 0 = none, such events are answered 503.',
    ),
  },
  'heartbeats',
  'extractions',
  'stuckMs',
  'holdMs',
);

export interface BrokerConfig {
  /** Nodes to try, in order, with credentials; empty = the embedded broker. */
  readonly nodes: readonly string[];
  readonly exchange: string;
  readonly queueType: 'quorum' | 'classic';
  readonly heartbeats: boolean;
  readonly extractions: boolean;
  /** Without a sign of life for this long, an extraction is stuck. */
  readonly stuckMs: number;
  readonly holdMs: number;
  /** Limit of all embedded queues together. */
  readonly embeddedBytes: number;
  /** 0 = no outbox. */
  readonly outboxBytes: number;
}

export function broker(values: Values<typeof brokerSettings>, problems: Problems): BrokerConfig {
  if (values.heartbeats && values.uri === undefined) {
    problems.add(
      'EXTRACTOR_HEARTBEATS',
      'is on, but there is no RabbitMQ that extractors could send to. Set RABBITMQ_URI, or leave it off',
    );
  }
  if (values.extractions && values.uri === undefined) {
    problems.add(
      'EXTRACTION_EVENTS',
      'is on, but there is no RabbitMQ on which extractions could be followed. Set RABBITMQ_URI, or leave it off',
    );
  }
  return {
    nodes: values.uri ?? [],
    exchange: values.exchange,
    queueType: values.queueType,
    heartbeats: values.heartbeats,
    extractions: values.extractions,
    stuckMs: values.stuckMs,
    holdMs: values.holdMs,
    embeddedBytes: values.embeddedBytes,
    outboxBytes: values.outboxBytes,
  };
}
