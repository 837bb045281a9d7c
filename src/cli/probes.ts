import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { checkConnection } from '../broker/rabbitmq/check.js';
import { nodeAddress } from '../broker/rabbitmq/errors.js';
import type { Clock } from '../clock.js';
import type { Config, ConfiguredSink } from '../config/config.js';
import { silentLog } from '../log.js';
import { Outgoing } from '../outgoing.js';
import type { KeyValues } from '../storage/key-values.js';
import type { Probe } from './probe.js';

/** Everything that this configuration points to. */
export function probesFor(config: Config, clock: Clock): Probe[] {
  const { server, broker, nginx, sinks } = config;
  return [
    dataFolder(server.dataDir),
    listener(server.host, server.port),
    ...broker.nodes.map(node => rabbitmq(node, clock)),
    ...sinks
      .filter(({ definition }) => definition.storesWith === undefined)
      .map(sink => destination(sink, config, clock)),
    ...nginx.files.map(accessLog),
  ];
}

function dataFolder(dataDir: string): Probe {
  return {
    dependency: 'data folder',
    tried: `write to ${dataDir}`,
    fix: 'Set DATA_DIR to a folder that this user can write to',
    run: async () => {
      const file = join(dataDir, `.check-${randomUUID()}`);
      const made = await mkdir(dataDir, { recursive: true });
      await writeFile(file, '');
      await rm(made ?? file, { recursive: true });
      return `${resolve(dataDir)} can be written to`;
    },
  };
}

/** A port that is taken is fine when our own daemon has it. */
function listener(host: string, port: number): Probe {
  return {
    dependency: 'listener',
    tried: `listen on ${host}:${port}`,
    fix: 'Stop what listens there, or set PORT or HOST to something else',
    run: async signal => {
      const server = createServer();
      try {
        await listening(server, host, port);
        await new Promise(closed => server.close(closed));
        return 'free';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && (await daemonAnswers(host, port, signal))) {
          return 'a running daemon has it';
        }
        throw error;
      }
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolved, rejected) => {
    server.once('error', rejected);
    server.listen(port, host, resolved);
  });
}

async function daemonAnswers(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${name}:${port}/readyz`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]),
    });
    await answer.arrayBuffer();
    return answer.status === 200 || answer.status === 503;
  } catch {
    return false;
  }
}

function rabbitmq(node: string, clock: Clock): Probe {
  return {
    dependency: 'RabbitMQ',
    tried: `log in to ${nodeAddress(node)}`,
    fix: 'Is RabbitMQ running, reachable from here, and are user, password and virtual host right? See RABBITMQ_URI',
    run: () => checkConnection(node, clock),
  };
}

function destination(
  { definition, config, place }: ConfiguredSink,
  { sendNames, proxies }: Config,
  clock: Clock,
): Probe {
  return {
    dependency: definition.title,
    tried: 'connect, and ask whether a write would do',
    fix: `See ${place}, and whether it can be reached from here`,
    run: async signal => {
      const tools = {
        log: silentLog,
        clock,
        keyValues: temporaryKeyValues(),
        events: { insert: async () => 0 },
        outgoing: new Outgoing(proxies),
        sendNames,
      };
      const session = await definition.open(config, tools);
      try {
        await session.probe(signal);
        return 'ready for events';
      } finally {
        await session.close();
      }
    },
  };
}

function accessLog(file: string): Probe {
  return {
    dependency: 'NGINX log',
    tried: `read ${file}`,
    fix: 'See NGINX_ACCESS_LOG, and let this user read it (the group adm, on Debian)',
    run: async () => {
      await access(file, constants.R_OK);
      const handle = await open(file, 'r');
      const { size } = await handle.stat();
      await handle.close();
      return `readable, ${size} bytes`;
    },
  };
}

/** What a sink remembers while it is tried is forgotten with it. */
function temporaryKeyValues(): KeyValues {
  const kept = new Map<string, string>();
  return {
    get: async keys => new Map(keys.flatMap(key => (kept.has(key) ? [[key, kept.get(key) ?? '']] : []))),
    put: async entries => {
      for (const [key, value] of entries) kept.set(key, value);
    },
  };
}
