import type { Problems, Values } from '../settings.js';
import { setting } from '../settings.js';
import { boolean, integer, list, text } from './schemas.js';

export const nginxSettings = {
  files: setting('NGINX_ACCESS_LOG', list().default(''), 'Access logs to follow, comma-separated. Default: none.', {
    example: '/var/log/nginx/access.log',
  }),
  format: setting(
    'NGINX_LOG_FORMAT',
    text().default('combined'),
    'How they are written: `combined`, `json`, or the string of an nginx `log_format`.',
  ),
  windowSeconds: setting(
    'NGINX_WINDOW_SECONDS',
    integer(1, 86_400).default('60'),
    'Length of the windows in which connections are counted, seconds.',
  ),
  trafficEvents: setting(
    'NGINX_TRAFFIC_EVENTS',
    boolean().default('off'),
    'Make an event of every page view, download and API call too.',
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

export interface NginxConfig {
  /** Empty = off. */
  readonly files: readonly string[];
  /** `combined`, `json`, or an nginx `log_format` string. */
  readonly format: string;
  readonly windowMs: number;
  readonly trafficEvents: boolean;
  readonly keepIp: boolean;
  /** Begins with a slash and ends without one; empty for the root. */
  readonly pathPrefix: string;
}

export function nginx(values: Values<typeof nginxSettings>, problems: Problems): NginxConfig {
  const { format, pathPrefix } = values;
  if (format !== 'combined' && format !== 'json' && !format.includes('$')) {
    problems.add('NGINX_LOG_FORMAT', `must be combined, json, or a log_format with $variables, but is "${format}"`);
  }
  if (!pathPrefix.startsWith('/'))
    problems.add('CLOWDER_PATH_PREFIX', `must begin with a slash, but is "${pathPrefix}"`);
  return {
    files: values.files,
    format,
    windowMs: values.windowSeconds * 1000,
    trafficEvents: values.trafficEvents,
    keepIp: values.keepIp,
    pathPrefix: pathPrefix.replace(/\/+$/, ''),
  };
}
