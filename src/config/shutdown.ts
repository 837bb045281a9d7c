import { seconds } from '../settings/durations.js';
import { setting } from '../settings/setting.js';

export const shutdownSettings = {
  shutdownMs: setting(
    'SHUTDOWN_SECONDS',
    seconds(1, 600).default('25'),
    'How long a stop may take, seconds. Below the grace period of the platform (often 30).',
  ),
};
