import { DeadLetterRoutes } from './routes/dead-letters.js';
import { EventRoutes } from './routes/events.js';
import { OperationRoutes } from './routes/operation.js';
import { PublishRoutes } from './routes/publish.js';
import { SessionRoutes } from './routes/session.js';
import { StatusRoutes } from './routes/status.js';
import { StreamRoutes } from './routes/stream.js';

/** Every documented route. Class names must differ: the decorator library keeps routes by them. */
export const controllers = [
  EventRoutes,
  DeadLetterRoutes,
  PublishRoutes,
  StatusRoutes,
  StreamRoutes,
  SessionRoutes,
  OperationRoutes,
];
