import { text } from '../settings/readers.js';
import type { Setting, Settings } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import type { SinkDefinition } from '../sinks/sink.js';
import { brokerSettings } from './broker.js';
import { healthSettings } from './health.js';
import { nginxSettings } from './nginx.js';
import { operationSettings } from './process.js';
import { serverSettings } from './server.js';
import { commonSettings } from './sinks.js';

/** What the command line asks of a daemon that runs, here or elsewhere. Only from the environment. */
export const clientSettings = {
  url: setting(
    'EVENT_SINK_URL',
    text().default('http://127.0.0.1:8080'),
    'The daemon that `send`, `replay` and `dead-letters` speak to.',
  ),
  key: setting(
    'EVENT_SINK_API_KEY',
    text().optional(),
    'The key they present. Default: the one made at the first start, when DATA_DIR/api-key can be read.',
    { example: 'es_…' },
  ),
  config: setting(
    'EVENT_SINK_CONFIG',
    text().optional(),
    'A YAML file with any of these settings; the environment wins.',
    {
      example: '/etc/event-sink/config.yaml',
    },
  ),
};

export interface SettingGroup {
  readonly title: string;
  readonly settings: Settings;
}

/** Every setting of the daemon, in the order of the documentation. */
export function settingGroups(registry: readonly SinkDefinition[]): readonly SettingGroup[] {
  return [
    { title: 'Server', settings: serverSettings },
    { title: 'Broker', settings: brokerSettings },
    ...registry.map(sink => ({ title: sink.title, settings: { ...sink.settings, ...commonSettings(sink) } })),
    { title: 'NGINX access log', settings: nginxSettings },
    { title: 'Health', settings: healthSettings },
    { title: 'Operation', settings: operationSettings },
  ];
}

export function declaredSettings(registry: readonly SinkDefinition[]): readonly Setting[] {
  return settingGroups(registry).flatMap(group => Object.values(group.settings));
}
