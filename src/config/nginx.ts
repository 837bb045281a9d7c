import { FormatError, type LogFormat, parseFormat } from '../nginx/lines/format.js';
import type { ClientAddress, NamedVariables } from '../nginx/lines/named-variables.js';
import type { NginxConfig } from '../nginx/nginx-config.js';
import { type TrafficKind, trafficKinds } from '../nginx/traffic/traffic.js';
import { httpAddress } from '../settings/addresses.js';
import { seconds } from '../settings/durations.js';
import { list } from '../settings/lists.js';
import type { Problems, Values } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import { boolean, choice, text } from '../settings/words.js';
import { trimEnd } from '../trim-end.js';

export const nginxSettings = {
  files: setting('NGINX_ACCESS_LOG', list().default(''), 'Access logs to follow, comma-separated. Default: none.', {
    example: '/var/log/nginx/access.log',
  }),
  start: setting(
    'NGINX_START',
    choice('beginning', 'end').default('beginning'),
    'Where the very first start begins: at the `beginning` of each log, or at its `end`, so that what is in it already is not counted. Later starts go on where the last one was.',
    { example: 'end' },
  ),
  rotatedDirs: setting(
    'NGINX_ROTATED_DIRS',
    list().default(''),
    'Other folders that rotated logs are moved to (`olddir` of logrotate), comma-separated. The folder of each log, and where a link has led to, are searched anyway.',
    { example: '/var/log/nginx/old' },
  ),
  format: setting(
    'NGINX_LOG_FORMAT',
    text().default('combined'),
    'How they are written: `combined`, `json`, or the string of an nginx `log_format`.',
  ),
  clientAddress: setting(
    'NGINX_CLIENT_ADDRESS',
    text().default('$remote_addr'),
    'Which variable of the log says who the client is, such as `$http_x_forwarded_for` behind a balancer. Of a list the first address counts, which the client may have made up; with ` last` behind the variable, the last one, which the balancer saw.',
    { example: '$http_x_forwarded_for' },
  ),
  user: setting(
    'NGINX_USER',
    text().default('$remote_user'),
    'Which variable of the log says who is signed in, such as `$cookie_user` or `$http_x_user`. It becomes the `user_id` of views, downloads and API calls.',
    { example: '$http_x_user' },
  ),
  extractor: setting(
    'NGINX_EXTRACTOR',
    text().optional(),
    'Which variable of the log says which extractor asks, such as one that a `map` of nginx makes of addresses. Where it says nothing, the agent does.',
    { example: '$extractor' },
  ),
  windowMs: setting(
    'NGINX_WINDOW_SECONDS',
    seconds(1, 86_400).default('60'),
    'Length of the windows in which connections are counted, seconds.',
  ),
  trafficEvents: setting(
    'NGINX_TRAFFIC_EVENTS',
    list().default('off'),
    'Make an event of each of these too: `views`, `downloads`, `api` (and what it uploaded and deleted), comma-separated; `on` = all of them, `off` = none.',
    { example: 'views,downloads' },
  ),
  pageViews: setting(
    'NGINX_PAGE_VIEWS',
    choice('resources', 'all').default('resources'),
    'Which pages count as views: those of `resources` (datasets, files, collections, spaces), or `all` of Clowder’s, such as its lists and its search.',
    { example: 'all' },
  ),
  keepIp: setting('NGINX_KEEP_IP', boolean().default('off'), 'Keep the address of the client in those events.'),
  status: setting(
    'NGINX_STATUS_URL',
    httpAddress(['http', 'https']).optional(),
    'Where nginx says how many connections are open (`stub_status`). Makes an event of each window of NGINX_WINDOW_SECONDS.',
    { example: 'http://127.0.0.1/nginx_status' },
  ),
  pathPrefix: setting(
    'CLOWDER_PATH_PREFIX',
    text().default('/'),
    'Where Clowder lives on its host, such as `/clowder`.',
    {
      example: '/clowder',
      needsRestart: true,
    },
  ),
};

/** @param rabbitmq the daemon has one: over it comes what Clowder 1 publishes */
export function nginx(values: Values<typeof nginxSettings>, rabbitmq: boolean, problems: Problems): NginxConfig {
  const { pathPrefix, status } = values;
  if (status?.user !== undefined)
    problems.add('NGINX_STATUS_URL', 'must be without user and password: let nginx allow this machine by its address');
  if (!pathPrefix.startsWith('/'))
    problems.add('CLOWDER_PATH_PREFIX', `must begin with a slash, but is "${pathPrefix}"`);
  return {
    files: [...new Set(values.files)],
    rotatedDirs: values.rotatedDirs,
    start: values.start,
    format: format(values.format, variablesOf(values, problems), problems),
    windowMs: values.windowMs,
    trafficEvents: kinds(values.trafficEvents, problems),
    allPages: values.pageViews === 'all',
    keepIp: values.keepIp,
    uploadsPublished: rabbitmq,
    pathPrefix: trimEnd(pathPrefix, '/'),
    statusUrl: status?.url,
  };
}

function variablesOf(values: Values<typeof nginxSettings>, problems: Problems): NamedVariables {
  const { user, extractor } = values;
  const named = {
    client: client(values.clientAddress, problems),
    user: variable('NGINX_USER', user, problems),
    extractor: extractor === undefined ? undefined : variable('NGINX_EXTRACTOR', extractor, problems),
  };
  const address = named.client?.variable ?? 'remote_addr';
  if (named.user === address)
    problems.add('NGINX_USER', `must be another variable than that of the address: "${user}"`);
  if (named.extractor !== undefined && [address, named.user].includes(named.extractor))
    problems.add(
      'NGINX_EXTRACTOR',
      `must be a variable of its own, but is also that of address or user: "${extractor}"`,
    );
  // What stands for it in a log without it is known by the format.
  return named.user === 'remote_user' ? { ...named, user: undefined } : named;
}

function variable(name: string, text: string, problems: Problems): string | undefined {
  const [, found] = /^\$\{?(\w+)\}?$/.exec(text) ?? [];
  if (found === undefined) problems.add(name, `must be a variable of the log, such as $http_x_user, but is "${text}"`);
  return found;
}

/** Undefined = the client's own address, or what stands for it in a log without one. */
function client(text: string, problems: Problems): ClientAddress | undefined {
  const [, variable, pick = 'first'] = /^\$\{?(\w+)\}?(?:\s+(first|last))?$/.exec(text) ?? [];
  if (variable === undefined) {
    const message = `must be a variable of the log, such as $http_x_forwarded_for, perhaps with "last" behind it, but is "${text}"`;
    problems.add('NGINX_CLIENT_ADDRESS', message);
  }
  if (variable === undefined || variable === 'remote_addr') return undefined;
  return { variable, pick: pick as ClientAddress['pick'] };
}

function format(text: string, variables: NamedVariables, problems: Problems): LogFormat {
  try {
    return parseFormat(text, variables);
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
