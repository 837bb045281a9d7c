import type { Types } from '@amplitude/analytics-node';

/** Where and how the requests go. */
export interface Endpoint {
  readonly url: string;
  readonly minIdLength: number;
}

/**
 * The address for a zone as Amplitude's SDK knows it, or the address that was configured. The SDK's client hands out
 * its settings to a plugin; events never enter its queue, because its promises say "dropped" and "delivered" wrongly:
 * only the answer to our own request counts. Loaded here, when the sink is opened: whoever does not use Amplitude does
 * not pay for it.
 */
export async function resolveEndpoint(zone: 'US' | 'EU', serverUrl: string | undefined): Promise<Endpoint> {
  const { createInstance, Types } = await import('@amplitude/analytics-node');
  const client = createInstance();
  const options: Types.NodeOptions = { serverZone: zone, minIdLength: 1, logLevel: Types.LogLevel.None };
  await client.init('unused', serverUrl === undefined ? options : { ...options, serverUrl }).promise;
  let settings: Types.IConfig | undefined;
  await client.add({
    name: 'endpoint',
    type: 'enrichment',
    setup: async (given: Types.IConfig) => {
      settings = given;
    },
  }).promise;
  if (settings?.serverUrl === undefined) throw new Error(`the Amplitude SDK knows no address for zone ${zone}`);
  return { url: settings.serverUrl, minIdLength: settings.minIdLength ?? 1 };
}
