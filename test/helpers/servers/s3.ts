import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports.js';
import { Running } from '../running.js';
import { temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

/** A server that speaks S3's protocol, as a process of its own. It knows keys by their ids, and checks no signature. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** The folder in which it keeps the bucket. */
  readonly folder: string;
  kill9(): Promise<void>;
  /** With the objects that it had. */
  start(): Promise<void>;
  /** For good, with all data. */
  stop(): Promise<void>;
}

/** The only pair of keys that it knows. */
export const s3Keys = { keyId: 'S3RVER', secret: 'S3RVER' };

const program = fileURLToPath(import.meta.resolve('s3rver/bin/s3rver.js'));

/** s3rver, empty but for a bucket. */
export async function startS3(): Promise<S3Server> {
  const folder = temporaryFolder();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const bucket = 'event-archive';
  let running: Running;
  const start = async (): Promise<void> => {
    running = new Running(process.execPath, [
      ...[program, '--address', '127.0.0.1', '--port', String(port)],
      ...['--directory', folder.path, '--no-vhost-buckets', '--silent', '--configure-bucket', bucket],
    ]);
    await until(async () => running.exit ?? (await answers(endpoint)), 's3rver that listens', 60_000);
    if (running.exit) throw new Error(`s3rver ended with ${running.exit.code}: ${running.output}`);
  };
  await start();
  return {
    endpoint,
    bucket,
    folder: join(folder.path, bucket),
    start,
    kill9: async () => {
      await running.stop('SIGKILL');
    },
    stop: async () => {
      await running.stop();
      folder.remove();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
