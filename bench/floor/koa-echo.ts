import Koa from 'koa';
import { serve } from './serve.js';

/**
 * The floor of HTTP ingestion: a bare Koa that reads a JSON body and answers with JSON. No key, no check, nothing kept.
 */
const app = new Koa();
app.use(async ctx => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const value = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  ctx.status = 202;
  ctx.body = { accepted: Array.isArray(value) ? value.length : 1 };
});
serve(app);
