import { isUtf8 } from 'node:buffer';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { MessageProperties } from 'amqplib';
import { AmqpDelivery } from '../../src/broker/rabbitmq/consume/delivery.js';
import { encode, restored, stored, toQueue } from '../../src/broker/rabbitmq/publish/outgoing-message.js';
import { PublishFrames } from '../../src/broker/rabbitmq/publish/publish-frames.js';
import { decode } from '../../src/events/decode.js';
import { isEventId } from '../../src/events/identity.js';
import { isEpochMs } from '../../src/events/timestamp.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';
import { bytes, event, jsonText, number, text, value } from './values.js';

const now = Date.UTC(2026, 0, 15);

/**
 * What anybody may publish: bytes that are no text, packed ones, properties of any type and value. Nothing throws; what
 * comes out has an id, a source and times that can be stored and encoded; equal bytes have one hash; and no byte is
 * replaced in silence.
 */
export function fuzzAmqp(random: Random): void {
  const content = body(random);
  const properties = propertiesOf(random);
  const receive = (redelivered: boolean): AmqpDelivery =>
    new AmqpDelivery({ content, properties, fields: { deliveryTag: 1, redelivered } }, now);
  const delivery = receive(false);
  const input = Buffer.concat([Buffer.from(`${JSON.stringify(properties)}\n`), content]);
  const { unnamed, id } = delivery;
  const again = receive(true);
  demand(isEventId(id) && again.id === id && again.unnamed === unnamed, 'no id, or another one the second time', input);
  demand(isEpochMs(delivery.received) && delivery.received <= now, `received at ${delivery.received}`, input);
  demand(delivery.timestamp === undefined || isEpochMs(delivery.timestamp), `sent at ${delivery.timestamp}`, input);
  if (delivery.unreadable === undefined)
    demand(isUtf8(Buffer.from(delivery.body)) && !replaced(delivery.body, content), 'a byte was replaced', input);
  else demand(delivery.bytes !== undefined && delivery.unreadable.length > 10, 'unreadable, and its bytes gone', input);
  if (unnamed !== undefined) delivery.name('given');
  if (delivery.unreadable === undefined) decode(delivery, now);
  deadLettered(delivery, input);
}

/** A dead letter can be published, also after a rest in the outbox, with its bytes as they came. */
function deadLettered(delivery: AmqpDelivery, input: Buffer): void {
  const { id, body: text, source, received, timestamp, bytes: raw, contentEncoding } = delivery;
  const message = { id, body: text, source, received, ...(timestamp === undefined ? {} : { timestamp }) };
  const outgoing = {
    message,
    target: { ...toQueue('event-sink.local.dead'), headers: { 'event-sink-reason': 'because' } },
    ...(raw === undefined ? {} : { bytes: raw }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
  };
  for (const one of [outgoing, restored(stored(outgoing))]) {
    const encoded = encode(one, 'clowder.metrics');
    demand(!('refused' in encoded), `cannot be published: ${'refused' in encoded ? encoded.refused : ''}`, input);
    if ('refused' in encoded) return;
    demand(Buffer.from(encoded.content).equals(raw ?? Buffer.from(text)), 'other bytes', input);
    new PublishFrames(1, 131_072).add(encoded);
    const numbers = [encoded.options.timestamp ?? 0, ...Object.values(encoded.options.headers ?? {})];
    const wild = numbers.filter(one => typeof one === 'number' && !(Number.isSafeInteger(one) && one >= 0));
    demand(wild.length === 0, `AMQP cannot carry ${wild}`, input);
  }
}

/** U+FFFD is in the text, and was not in what came. */
function replaced(body: string, content: Buffer): boolean {
  return body.includes('\ufffd') && isUtf8(content) && !content.includes('\ufffd');
}

function body(random: Random): Buffer {
  const kind = random.integer(1, 12);
  if (kind === 1) return bytes(random, random.integer(0, 80));
  if (kind === 2) return Buffer.from(text(random));
  const json = Buffer.from(jsonText(random, event(random)));
  if (kind === 3) return Buffer.from('{"category":"M\u00fcller","n":1}', 'latin1');
  if (kind === 4 && json.length > 0) json[random.integer(0, json.length - 1)] = random.integer(128, 255);
  if (kind === 5) return gzipSync(json);
  if (kind === 6) return brotliCompressSync(json);
  if (kind === 7) return gzipSync(json).subarray(0, random.integer(0, 40));
  return json;
}

function propertiesOf(random: Random): MessageProperties {
  const odd = (): unknown => random.pick<unknown>([number(random), text(random), value(random), Number.NaN, -1]);
  const stamps = [2 ** 64 - 2_048, -1, Number.NaN, 1.5, 1_700_000_000, 1_700_000_000_000, Number.POSITIVE_INFINITY];
  const headers = Object.fromEntries(
    ['event-sink-received', 'event-sink-source', 'x-death', '__proto__']
      .filter(() => random.chance(0.3))
      .map(name => [name, odd()]),
  );
  return {
    messageId: random.pick<unknown>([undefined, 'id-7', '', 'x'.repeat(255), '\u00e4', odd()]),
    timestamp: random.pick<unknown>([undefined, ...stamps, odd()]),
    contentEncoding: random.pick<unknown>([undefined, 'gzip', 'br', 'utf-8', 'GZIP ', 'zstd', odd()]),
    contentType: odd(),
    headers: random.pick<unknown>([undefined, headers, headers]),
  } as unknown as MessageProperties;
}
