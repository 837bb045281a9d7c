import { z } from 'zod';
import { type Address, readHttpAddress } from '../settings/addresses.js';
import { list } from '../settings/lists.js';
import { refuse } from '../settings/refuse.js';
import { atStart, setting } from '../settings/setting.js';
import { trimEnd } from '../trim-end.js';

/** `proxy:3128` is as good as `http://proxy:3128`. */
const proxy = () =>
  z.string().transform((value, context): Address => {
    const read = readHttpAddress(value.includes('://') ? value : `http://${value}`, ['http', 'https']);
    return 'flaw' in read ? refuse(context, read.flaw) : { ...read, url: trimEnd(read.url, '/') };
  });

export const proxySettings = atStart({
  https: setting(
    'HTTPS_PROXY',
    proxy().optional(),
    'Proxy for `https://` addresses of sinks, and of health targets that say `proxy: true`. RabbitMQ and MongoDB never use it.',
    { secret: true, aliases: ['https_proxy'], example: 'http://proxy.example.org:3128' },
  ),
  http: setting(
    'HTTP_PROXY',
    proxy().optional(),
    'Proxy for `http://` addresses of sinks, and of health targets that say `proxy: true`.',
    {
      secret: true,
      aliases: ['http_proxy'],
      example: 'http://proxy.example.org:3128',
    },
  ),
  exceptions: setting(
    'NO_PROXY',
    list().default(''),
    'Hosts that are reached without a proxy, comma-separated: `example.org` means all below it too, `example.org:8086` one port, `*` all. This machine never needs one.',
    { aliases: ['no_proxy'], example: 'influxdb.example.org,.internal' },
  ),
});
