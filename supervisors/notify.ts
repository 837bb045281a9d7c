import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { NotifyConfig } from '../src/notify/config.js';
import { Notifier } from '../src/notify/notifier.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';

export interface NotifyOptions extends Pick<PartOptions, 'clock' | 'log'> {
  /** Undefined: nobody is notified. */
  readonly config: NotifyConfig | undefined;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Storage;
  readonly idSecret: string;
}

/** Undefined when nobody is notified. */
export function createNotifier({ config, publisher, storage, ...options }: NotifyOptions): Notifier | undefined {
  if (config === undefined) return undefined;
  const { publish } = publishThrough(publisher);
  return new Notifier({ ...options, config, keyValues: storage.keyValues('notify'), publish });
}

/** Lets notifications go out as they are due, until the stop; what is gathered then goes out after the next start. */
export function runNotifier(notifier: Notifier | undefined, { onStop }: Pick<PartOptions, 'onStop'>): void {
  if (notifier === undefined) return;
  const stopping = new AbortController();
  const running = notifier.run(stopping.signal);
  onStop('notifications', async () => {
    stopping.abort();
    await running;
  });
}
