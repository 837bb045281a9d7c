import type { AmplitudeConfig } from '../../src/sinks/amplitude/session.js';
import { amplitudeSink } from '../../src/sinks/amplitude.js';
import type { Ga4Config } from '../../src/sinks/ga4/session.js';
import { ga4Sink } from '../../src/sinks/ga4.js';
import type { SinkSession, SinkTools } from '../../src/sinks/sink.js';
import { address } from './address.js';
import { AmplitudeServer } from './servers/amplitude.js';
import { Ga4Server } from './servers/ga4.js';
import { rememberingMemory, sinkTools } from './sink-session.js';

/** A stand-in that runs, and how to deliver to it. Sessions share one memory, as those of one daemon do. */
export interface AnalyticsSetup<Server, Config> {
  readonly server: Server;
  readonly config: Config;
  readonly keyValues: ReturnType<typeof rememberingMemory>;
  open(changes?: Partial<SinkTools>, config?: Partial<Config>): Promise<SinkSession>;
}

export async function startAmplitude(): Promise<AnalyticsSetup<AmplitudeServer, AmplitudeConfig>> {
  const server = new AmplitudeServer();
  await server.start();
  const config: AmplitudeConfig = { apiKey: 'key-of-the-project', zone: 'US', serverUrl: address(server.url) };
  const keyValues = rememberingMemory();
  return {
    server,
    config,
    keyValues,
    open: (tools, changes) => amplitudeSink.open({ ...config, ...changes }, sinkTools({ keyValues, ...tools })),
  };
}

export async function startGa4(): Promise<AnalyticsSetup<Ga4Server, Ga4Config>> {
  const server = new Ga4Server();
  await server.start();
  const config: Ga4Config = {
    measurementId: 'G-TEST1234',
    apiSecret: 'secret-of-the-stream',
    serverUrl: address(server.origin),
    clientId: undefined,
    onAmbiguous: 'resend',
  };
  const keyValues = rememberingMemory();
  return {
    server,
    config,
    keyValues,
    open: (tools, changes) => ga4Sink.open({ ...config, ...changes }, sinkTools({ keyValues, ...tools })),
  };
}
