import { namesOf, type Setting, type Settings } from '../settings/setting.js';
import type { SinkDefinition } from '../sinks/sink.js';
import { brokerSettings } from './broker.js';
import { clowderSettings } from './clowder.js';
import { deadLetterSettings } from './dead-letters.js';
import { geoipSettings } from './geoip.js';
import { healthSettings } from './health.js';
import { logSettings } from './log.js';
import { namedSinkSettings } from './named-sinks.js';
import { nginxSettings } from './nginx.js';
import { proxySettings } from './proxies.js';
import { removedSettings } from './removed.js';
import { serverSettings } from './server.js';
import { shutdownSettings } from './shutdown.js';
import { commonSettings } from './sinks.js';

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
    { title: 'Sinks under names of their own', settings: namedSinkSettings },
    { title: 'Proxies', settings: proxySettings },
    { title: 'Clowder', settings: clowderSettings },
    { title: 'NGINX access log', settings: nginxSettings },
    { title: 'Countries', settings: geoipSettings },
    { title: 'Health', settings: healthSettings },
    {
      title: 'Operation',
      settings: { ...shutdownSettings, ...deadLetterSettings, ...logSettings },
    },
  ];
}

export function declaredSettings(registry: readonly SinkDefinition[]): readonly Setting[] {
  return settingGroups(registry).flatMap(group => Object.values(group.settings));
}

/** Those that are looked for: the ones that went too. */
export function knownSettings(registry: readonly SinkDefinition[]): readonly Setting[] {
  return [...declaredSettings(registry), ...Object.values(removedSettings)];
}

/** Every name that the environment may hold. */
export function environmentNames(registry: readonly SinkDefinition[]): ReadonlySet<string> {
  return new Set(
    knownSettings(registry)
      .filter(({ fileOnly }) => !fileOnly)
      .flatMap(namesOf),
  );
}
