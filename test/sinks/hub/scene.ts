import { hubSink } from '../../../src/sinks/hub.js';
import type { SinkSession, SinkTools } from '../../../src/sinks/sink.js';
import type { ReportedUsage } from '../../../src/usage/report/dataset-report.js';
import { submissionCategory } from '../../../src/usage/submissions.js';
import { HubServer } from '../../helpers/servers/hub.js';
import { eventOf, rememberingMemory, sinkTools } from '../../helpers/sink-session.js';
import { usageConfig } from '../../usage/scene.js';

export const publisherId = 'client-id:datacite.example';

/** One dataset that was used in every month there is. */
export function everyMonth(changes: { readonly titles?: readonly string[]; readonly publisherId?: string } = {}) {
  const titles = changes.titles ?? ['Corn'];
  const usage: ReportedUsage & { requests: number } = {
    config: {
      ...usageConfig,
      platform: 'Example Archive',
      publisher: 'Example University',
      publisherId: 'publisherId' in changes ? changes.publisherId : publisherId,
    },
    requests: 3,
    months: async () => [{ month: 201001, opened: 0, closed: null, sources: ['nginx'] }],
    leftOut: async () => [],
    waiting: async () => ({ pending: 0, dead: 0 }),
    completeness: async () => [],
    report: async ({ from }) => ({
      items: titles.map((title, index) => [`dataset-${index}`, JSON.stringify({ title })] as const),
      months: titles.map((_, index) => [
        ...[`dataset-${index}`, Math.floor(from / 100), 0, ''],
        ...[7, usage.requests, 5, 2, 2],
      ]) as never,
    }),
  };
  return usage;
}

export interface HubScene {
  readonly hub: HubServer;
  readonly usage: ReturnType<typeof everyMonth>;
  readonly keyValues: ReturnType<typeof rememberingMemory>;
  /** A session of its own, as after a restart. */
  open(tools?: Partial<SinkTools>): Promise<SinkSession>;
  /** Resolves with why it was rejected, or with undefined. */
  submit(month: string, fields?: Readonly<Record<string, unknown>>): Promise<string | undefined>;
}

export async function startHub(usage = everyMonth()): Promise<HubScene> {
  const hub = new HubServer();
  await hub.start();
  const keyValues = rememberingMemory();
  const config = { url: hub.origin, token: hub.token };
  const open = (tools: Partial<SinkTools> = {}): Promise<SinkSession> =>
    hubSink.open(config, sinkTools({ keyValues, reported: usage, ...tools }));
  return {
    hub,
    usage,
    keyValues,
    open,
    submit: async (month, fields = {}) => {
      const session = await open();
      const event = eventOf({ category: submissionCategory, month, ...fields }, { source: 'usage' });
      const { rejected = [] } = await session.write([event], new AbortController().signal);
      return rejected[0]?.reason;
    },
  };
}
