import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Config } from '../src/config/config.js';
import { TransientError } from '../src/errors.js';
import type { NotifyConfig } from '../src/notify/config.js';
import { type NotificationWriter, Notifier } from '../src/notify/notifier.js';
import type { Storage } from '../src/storage/storage.js';
import { Children } from './children.js';
import type { PartOptions } from './part.js';

export interface NotifyOptions extends Pick<PartOptions, 'board' | 'clock' | 'log' | 'onStop'> {
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Storage;
  readonly idSecret: string;
  /** Aborts when the shutdown runs out of time. */
  readonly giveUp: AbortSignal;
}

/** What notifications are made from. */
type NotifySettings = Pick<Config, 'notify' | 'sinks'>;

export interface Notifications {
  /** Where the sink brings what people may want to know of. */
  readonly writer: NotificationWriter;
  /** Returns what goes by other settings now. */
  reload(config: NotifySettings, hurry: AbortSignal): Promise<readonly string[]>;
  close(hurry: AbortSignal): Promise<void>;
}

interface NotifySlice {
  readonly config: NotifyConfig;
  /** Rules are partly code, which follows from what was given. */
  readonly given: string | undefined;
}

/**
 * Lets notifications go out as they are due, by the settings of now; what is gathered after the stop, or
 * while the settings change, is on the disk, and goes out afterwards.
 */
export function createNotifications(options: Omit<NotifyOptions, 'onStop' | 'giveUp'>): Notifications {
  const { publisher, storage, board, clock, log, idSecret } = options;
  const { publish } = publishThrough(publisher);
  const keyValues = storage.keyValues('notify');
  let notifier: Notifier | undefined;
  const children = new Children<NotifySlice>({
    ...{ board, clock, log },
    pathOf: name => name,
    start: (_name, { config }) => {
      // The same one, since it knows what is gathered.
      notifier ??= new Notifier({ config, keyValues, publish, clock, log, idSecret });
      notifier.use(config);
      const stopping = new AbortController();
      const running = notifier.run(stopping.signal);
      return {
        stop: async () => {
          stopping.abort();
          await running;
        },
      };
    },
  });
  const reload: Notifications['reload'] = ({ notify: config, sinks }, hurry) => {
    const given = sinks.find(({ definition }) => definition.name === 'notify')?.given;
    return children.become(new Map(config === undefined ? [] : [['notifications', { config, given }]]), hurry);
  };
  return {
    writer: {
      add: async events => {
        if (notifier === undefined) throw new TransientError('notifications are being started');
        return notifier.add(events);
      },
    },
    reload,
    close: hurry => children.close(hurry),
  };
}

/** From now on they go out, by the settings of now, until the stop. */
export async function runNotifications(
  notifications: Notifications,
  config: NotifySettings,
  { onStop, giveUp }: Pick<NotifyOptions, 'onStop' | 'giveUp'>,
): Promise<void> {
  onStop('notifications', () => notifications.close(giveUp));
  await notifications.reload(config, giveUp);
}
