import { setting } from '../settings/setting.js';
import { boolean } from '../settings/words.js';

export const analyticsSettings = {
  sendNames: setting(
    'ANALYTICS_SEND_NAMES',
    boolean().default('off'),
    'Send the names of people (`user_name`, `author_name`) to Amplitude and Google Analytics.',
  ),
};
