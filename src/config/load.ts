import { redact } from '../redact.js';
import { editDistance, type Problem, ProblemList } from '../settings/problems.js';
import type { Setting, Settings, Values } from '../settings/setting.js';
import { localSink } from '../sinks/local.js';
import { sinks } from '../sinks/registry.js';
import type { SinkDefinition } from '../sinks/sink.js';
import { broker, brokerSettings } from './broker.js';
import type { Config } from './config.js';
import { type FileValues, readConfigFile } from './file.js';
import { declaredSettings } from './groups.js';
import { health, healthSettings } from './health.js';
import { nginx, nginxSettings } from './nginx.js';
import { operationSettings } from './process.js';
import { keySource, server, serverSettings } from './server.js';
import { assignQueues, type ConfiguredSink, commonSettings, configuredSink } from './sinks.js';

export interface LoadContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws when it cannot be read */
  readFile(path: string): string;
  readonly registry?: readonly SinkDefinition[];
}

export type Loaded =
  /** Warnings are about variables that look like a setting misspelt. */
  { readonly config: Config; readonly warnings: readonly Problem[] } | { readonly problems: readonly Problem[] };

/**
 * The environment over the YAML file that EVENT_SINK_CONFIG names, over the defaults. An empty string is as good as none.
 * Everything that is wrong is found in one go; no message holds the value of a secret.
 */
export function loadConfig({ env, readFile, registry = sinks }: LoadContext): Loaded {
  const problems = new ProblemList();
  const file = configFile();

  const serverValues = read(serverSettings);
  const brokerValues = read(brokerSettings);
  const operation = read(operationSettings);
  const configured: ConfiguredSink[] = [];
  for (const definition of registry) {
    const common = read(commonSettings(definition));
    const config = definition.configure(read(definition.settings), {
      // The sink sees a default in place of what could not be read; one complaint about a setting is enough.
      add: (name, message) => problems.about(name) || problems.add(name, message),
    });
    const sink = configuredSink(definition, config, common, problems);
    if (config !== undefined) configured.push(sink);
  }

  const config: Config = {
    server: server(serverValues, problems),
    keys: keySource(serverValues, problems, readFile),
    broker: broker(brokerValues, problems),
    sinks: assignQueues(configured, brokerValues.queueName, problems),
    local: configured.find(sink => sink.definition === localSink)?.config as Config['local'],
    nginx: nginx(read(nginxSettings), problems),
    health: health(read(healthSettings), problems),
    deadLetters: { retentionMs: operation.deadLetterDays * 86_400_000, alarm: operation.deadLetterAlarm },
    log: { level: operation.level, pretty: operation.pretty },
    sendNames: operation.sendNames,
    shutdownMs: operation.shutdownSeconds * 1000,
  };
  const all = problems.all();
  return all.length > 0
    ? { problems: all }
    : { config: freeze(config), warnings: misspelt(env, declaredSettings(registry)) };

  function configFile(): FileValues {
    const path = env.EVENT_SINK_CONFIG;
    if (path === undefined || path === '') return new Map();
    const text = content('EVENT_SINK_CONFIG', path);
    return text === undefined ? new Map() : readConfigFile(path, text, declaredSettings(registry), problems);
  }

  /** What cannot be read becomes the default, so that the rest can be looked at too; there is a problem then. */
  function read<S extends Settings>(settings: S): Values<S> {
    const values: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries(settings)) values[key] = readSetting(setting);
    return values as Values<S>;
  }

  function readSetting(setting: Setting): unknown {
    const raw = find(setting, fromEnvironment) ?? find(setting, name => file.get(name));
    if (setting.secret && typeof raw === 'string') problems.hide(raw);
    const parsed = setting.schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const message = raw === undefined ? 'must be set' : (parsed.error.issues[0]?.message ?? 'is wrong');
    const value = setting.secret || typeof raw !== 'string' ? '' : `, but is "${redact(raw)}"`;
    problems.add(setting.name, `${message}${value}`);
    const fallback = setting.schema.safeParse(undefined);
    return fallback.success ? fallback.data : undefined;
  }

  /** Docker and Kubernetes set `INFLUXDB_PORT=tcp://10.0.0.1:8086` for a service of that name: not meant for us. */
  function fromEnvironment(name: string): string | undefined {
    const value = env[name];
    return name.endsWith('_PORT') && value?.startsWith('tcp://') ? undefined : value;
  }

  /** From one layer, under any of its names, or from the file that `<NAME>_FILE` names. */
  function find(setting: Setting, lookup: (name: string) => string | readonly unknown[] | undefined) {
    for (const name of [setting.name, ...setting.aliases]) {
      const value = lookup(name) || undefined;
      const path = setting.secret ? lookup(`${name}_FILE`) || undefined : undefined;
      if (value !== undefined && path !== undefined) {
        problems.add(`${name}_FILE`, `is set, and ${name} too. Leave one of them out`);
      }
      if (value !== undefined) return value;
      if (path !== undefined) return content(`${name}_FILE`, String(path))?.replace(/(\r?\n)+$/, '') || undefined;
    }
    return undefined;
  }

  function content(name: string, path: string): string | undefined {
    try {
      const text = readFile(path);
      if (text.trim() === '' && name !== 'EVENT_SINK_CONFIG') problems.add(name, `${path} is empty`);
      return text;
    } catch (error) {
      problems.add(name, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
      return undefined;
    }
  }
}

function freeze(config: Config): Config {
  for (const slice of Object.values(config)) if (typeof slice === 'object') Object.freeze(slice);
  return Object.freeze(config);
}

/** Short names (HOME is not HOST) and names at a distance belong to others. */
function misspelt(env: LoadContext['env'], settings: readonly Setting[]): readonly Problem[] {
  const known = new Set(
    settings.flatMap(({ name, aliases, secret }) =>
      [name, ...aliases].flatMap(each => (secret ? [each, `${each}_FILE`] : [each])),
    ),
  );
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value || known.has(name) || !name.includes('_')) return [];
    const like = [...known].find(each => Math.abs(each.length - name.length) <= 2 && editDistance(name, each) <= 2);
    return like === undefined ? [] : [{ name, message: `is set, but is no setting. Did you mean ${like}?` }];
  });
}
