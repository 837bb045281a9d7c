import { setting } from '../settings/setting.js';
import { text } from '../settings/words.js';

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
    { example: '/etc/event-sink/config.yaml' },
  ),
};
