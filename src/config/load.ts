import { Given } from '../settings/given.js';
import { ProblemList, type SettingProblem } from '../settings/problems.js';
import { type Layer, type ReadFile, readText, SettingReader } from '../settings/reading.js';
import { fileNameOf } from '../settings/setting.js';
import type { LocalStore } from '../sinks/local.js';
import { sinks } from '../sinks/registry.js';
import type { SinkDefinition } from '../sinks/sink.js';
import { broker, brokerSettings } from './broker.js';
import { clowder, clowderSettings } from './clowder.js';
import type { Config } from './config.js';
import { deadLetterSettings } from './dead-letters.js';
import { environmentNames, knownSettings } from './declared.js';
import { type FileValues, readConfigFile } from './file.js';
import { geoip, geoipSettings } from './geoip.js';
import { health, healthSettings } from './health.js';
import { keySource } from './keys.js';
import { logSettings } from './log.js';
import { misspelt } from './misspelt.js';
import { namedSinkSettings, namedSinks } from './named-sinks.js';
import { nginx, nginxSettings } from './nginx.js';
import { notifyConfigOf, settleNotify } from './notify.js';
import { proxySettings } from './proxies.js';
import { assignQueues } from './queues.js';
import { removedSettings } from './removed.js';
import { server, serverSettings } from './server.js';
import { shutdownSettings } from './shutdown.js';
import { type CommonSettings, type ConfiguredSink, commonSettings, configuredSink } from './sinks.js';
import { settleUsage, usageConfigOf } from './usage.js';

export interface LoadContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  readonly registry?: readonly SinkDefinition[];
  /** What the daemon runs with, whose settings that need a restart stay as they are. */
  readonly running?: Given | undefined;
}

export type Loaded =
  /**
   * Warnings are about variables that look like a setting misspelt; secrets are the values that no message may show.
   */
  | {
      readonly config: Config;
      readonly given: Given;
      readonly warnings: readonly SettingProblem[];
      readonly secrets: readonly string[];
    }
  | { readonly problems: readonly SettingProblem[] };

/**
 * The environment over the YAML file that EVENT_SINK_CONFIG names, over the defaults. An empty string is as good as
 * none. Everything that is wrong is found in one go; no message holds the value of a secret.
 */
export function loadConfig({ env, readFile, registry = sinks, running }: LoadContext): Loaded {
  const problems = new ProblemList();
  const given = new Given(running);
  const names = environmentNames(registry);
  const path = env.EVENT_SINK_CONFIG?.trim() ?? '';
  const file = configFile();
  const reader = new SettingReader([fromEnvironment, name => file.get(name)], problems, readFile, given);

  const serverValues = reader.read(serverSettings);
  const brokerValues = reader.read(brokerSettings);
  const all = [
    ...registry.flatMap(definition =>
      configure(definition, commonSettings(definition), reader, `the settings that begin with ${definition.prefix}_`),
    ),
    ...namedSinks(reader.read(namedSinkSettings).sinks, registry, path, problems).flatMap(
      ({ definition, common, layer, place }) => {
        given.note(place, definition.name);
        const sink = configure(
          definition,
          common,
          new SettingReader([layer, fromEnvironment, name => file.get(name)], problems, readFile, given),
          `${place} in ${path}`,
        );
        if (sink.length === 0 && !problems.within(place)) {
          problems.add(place, `lacks what switches ${definition.title} on: ${definition.switchedOnBy}`);
        }
        return sink;
      },
    ),
  ];

  given.forget(namedSinkSettings.sinks.name);

  const proxies = reader.read(proxySettings);
  reader.read(removedSettings);
  const { format, clientAddress, user, extractor } = nginxSettings;
  const nginxConfig = {
    ...nginx(reader.read(nginxSettings), brokerValues.uri !== undefined, problems),
    formatGiven: given.digestOf({ format, clientAddress, user, extractor }),
  };
  const keys = keySource(serverValues, problems, readFile);
  const brokerConfig = broker(brokerValues, problems);
  const clowderConfig = clowder(reader.read(clowderSettings), nginxConfig.pathPrefix, problems);
  const used = settleUsage(settleNotify(all, isGiven('SMTP_URL'), problems), {
    nginx: nginxConfig,
    keys,
    broker: brokerConfig,
    readFile,
  });
  const config: Config = {
    server: server(serverValues, problems),
    keys,
    broker: brokerConfig,
    sinks: assignQueues(used, brokerValues.queueName, problems),
    local: all.find(({ definition }) => definition.keepsEvents)?.config as LocalStore | undefined,
    usage: usageConfigOf(used, clowderConfig),
    notify: notifyConfigOf(used),
    clowder: clowderConfig,
    nginx: nginxConfig,
    geoip: geoip(reader.read(geoipSettings)),
    health: health(reader.read(healthSettings), proxies, problems),
    deadLetters: reader.read(deadLetterSettings),
    log: reader.read(logSettings),
    proxies,
    ...reader.read(shutdownSettings),
  };
  const found = problems.all();
  return found.length > 0
    ? { problems: found }
    : { config: freeze(config), given, warnings: misspelt(env, names), secrets: problems.secrets };

  /** Nothing when it is switched off. */
  function configure(
    definition: SinkDefinition,
    common: CommonSettings,
    from: SettingReader,
    place: string,
  ): readonly ConfiguredSink[] {
    const values = from.read(common);
    const own = definition.configure(from.read(definition.settings), {
      // The sink sees a default in place of what could not be read; one complaint about a setting is enough.
      add: (name, message) => problems.about(name) || problems.add(name, message),
    });
    const read = { common, values, given: given.digestOf({ ...definition.settings, ...common }) };
    const sink = configuredSink(definition, own, read, place, problems);
    return own === undefined ? [] : [sink];
  }

  function isGiven(name: string): boolean {
    return [name, fileNameOf(name)].some(each => (fromEnvironment(each) ?? file.get(each) ?? '') !== '');
  }

  function configFile(): FileValues {
    if (path === '') return new Map();
    const text = readText(path, 'EVENT_SINK_CONFIG', problems, readFile);
    return text === undefined ? new Map() : readConfigFile(path, text, knownSettings(registry), problems);
  }

  /** Docker and Kubernetes set `INFLUXDB_PORT=tcp://10.0.0.1:8086` for a service of that name: not meant for us. */
  function fromEnvironment(name: string): ReturnType<Layer> {
    const value = names.has(name) ? env[name] : undefined;
    return name.endsWith('_PORT') && value?.startsWith('tcp://') ? undefined : value;
  }
}

function freeze(config: Config): Config {
  for (const slice of Object.values(config)) if (typeof slice === 'object') Object.freeze(slice);
  return Object.freeze(config);
}
