import { PublishQueue, type PublishQueueOptions } from './publish-queue.js';

/** How many measurements of one target may wait to be published. */
const maxMeasurements = 1_000;

export interface OutgoingEventsOptions
  extends Pick<PublishQueueOptions, 'publish' | 'clock' | 'nextFlush' | 'onPublished' | 'onError'> {
  /** Changes that the daemon stops with: they are saved, and published after the next start. */
  readonly onPostponed: (count: number) => void;
  /** Measurements that are given up. */
  readonly onDropped: (count: number) => void;
}

/** The events of one target on their way: changes at once and all of them, measurements together and the latest. */
export class OutgoingEvents {
  readonly changes: PublishQueue;
  readonly measurements: PublishQueue;

  constructor({ nextFlush, onPostponed, onDropped, ...common }: OutgoingEventsOptions) {
    this.changes = new PublishQueue({
      ...common,
      nextFlush: async () => {},
      max: Number.POSITIVE_INFINITY,
      onDropped: onPostponed,
    });
    this.measurements = new PublishQueue({ ...common, nextFlush, max: maxMeasurements, onDropped });
  }

  /** Waits for the attempts under way, and makes no other. */
  async close(): Promise<void> {
    await Promise.all([this.changes.close(), this.measurements.close()]);
  }
}
