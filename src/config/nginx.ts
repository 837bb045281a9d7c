import { FormatError, type LogFormat, parseFormat } from '../nginx/format.js';
import type { NginxConfig } from '../nginx/nginx-config.js';
import { type TrafficKind, trafficKinds } from '../nginx/traffic.js';
import { seconds } from '../settings/durations.js';
import { list } from '../settings/lists.js';
import type { Problems, Values } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import { boolean, text } from '../settings/words.js';

export const nginxSettings = {
  files: setting('NGINX_ACCESS_LOG', list().default(''), 'Access logs to follow, comma-separated. Default: none.', {
    example: '/var/log/nginx/access.log',
  }),
  format: setting(
    'NGINX_LOG_FORMAT',
    text().default('combined'),
    'How they are written: `combined`, `json`, or the string of an nginx `log_format`.',
  ),
  windowMs: setting(
    'NGINX_WINDOW_SECONDS',
    seconds(1, 86_400).default('60'),
    'Length of the windows in which connections are counted, seconds.',
  ),
  trafficEvents: setting(
    'NGINX_TRAFFIC_EVENTS',
    list().default('off'),
    'Make an event of each of these too: `views`, `downloads`, `api`, comma-separated; `on` = all of them, `off` = none.',
    { example: 'views,downloads' },
  ),
  keepIp: setting('NGINX_KEEP_IP', boolean().default('off'), 'Keep the address of the client in those events.'),
  pathPrefix: setting(
    'CLOWDER_PATH_PREFIX',
    text().default('/'),
    'Where Clowder lives on its host, such as `/clowder`.',
    {
      example: '/clowder',
    },
  ),
};

export function nginx(values: Values<typeof nginxSettings>, problems: Problems): NginxConfig {
  const { pathPrefix } = values;
  if (!pathPrefix.startsWith('/'))
    problems.add('CLOWDER_PATH_PREFIX', `must begin with a slash, but is "${pathPrefix}"`);
  return {
    files: [...new Set(values.files)],
    format: format(values.format, problems),
    windowMs: values.windowMs,
    trafficEvents: kinds(values.trafficEvents, problems),
    keepIp: values.keepIp,
    pathPrefix: pathPrefix.replace(/\/+$/, ''),
  };
}

function format(text: string, problems: Problems): LogFormat {
  try {
    return parseFormat(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    problems.add('NGINX_LOG_FORMAT', error.message);
    return parseFormat('combined');
  }
}

function kinds(words: readonly string[], problems: Problems): readonly TrafficKind[] {
  const wanted = words.map(word => word.toLowerCase());
  const [only] = wanted;
  if (wanted.length === 1 && ['off', 'false', '0'].includes(only ?? '')) return [];
  if (wanted.length === 1 && ['on', 'true', '1'].includes(only ?? '')) return trafficKinds;
  const unknown = wanted.filter(word => !trafficKinds.some(kind => kind === word));
  if (unknown.length > 0) {
    const message = `must be on, off, or a list of ${trafficKinds.join(', ')}, but has "${unknown.join(', ')}" in it`;
    problems.add('NGINX_TRAFFIC_EVENTS', message);
  }
  return trafficKinds.filter(kind => wanted.includes(kind));
}
