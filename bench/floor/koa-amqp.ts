import { connect } from 'amqplib';
import Koa from 'koa';
import { serve } from './serve.js';

/**
 * The floor of HTTP → RabbitMQ: a bare Koa that reads a JSON body and answers once the broker has
 * confirmed it. No key, no check, no id.
 */
const { URI = '', QUEUE = '' } = process.env;
const connection = await connect(URI);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });

const app = new Koa();
app.use(async ctx => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  JSON.parse(bytes.toString('utf8'));
  await new Promise<void>((resolve, reject) => {
    channel.sendToQueue(QUEUE, bytes, { persistent: true }, error => (error ? reject(error) : resolve()));
  });
  ctx.status = 202;
  ctx.body = { accepted: 1 };
});
serve(app, () => void channel.waitForConfirms().then(() => connection.close()));
