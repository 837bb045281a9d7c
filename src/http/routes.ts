import { AvailabilityRoutes } from './routes/availability.js';
import { BrowserRoutes } from './routes/browser.js';
import { CounterRoutes } from './routes/counter.js';
import { DeadLetterRoutes } from './routes/dead-letters.js';
import { EventKindRoutes } from './routes/event-kinds.js';
import { EventRoutes } from './routes/events.js';
import { ExplainRoutes } from './routes/explain.js';
import { HealthRoutes } from './routes/health.js';
import { HeartbeatRoutes } from './routes/heartbeats.js';
import { ImportRoutes } from './routes/import.js';
import { KeyRoutes } from './routes/keys.js';
import { LedgerRoutes } from './routes/ledger.js';
import { PeopleRoutes } from './routes/people.js';
import { PublishRoutes } from './routes/publish.js';
import { ReloadRoutes } from './routes/reload.js';
import { SeriesRoutes } from './routes/series.js';
import { SessionRoutes } from './routes/session.js';
import { StatusRoutes } from './routes/status.js';
import { StatusPageRoutes } from './routes/status-page.js';
import { StreamRoutes } from './routes/stream.js';
import { UsageRoutes } from './routes/usage.js';
import { UsageAuditRoutes } from './routes/usage-audit.js';
import { UsageMonthRoutes } from './routes/usage-months.js';
import { UsageReportRoutes } from './routes/usage-reports.js';

/** Every documented route, by group. Class names must differ: the decorator library identifies routes by them. */
export const controllers = [
  EventRoutes,
  EventKindRoutes,
  ImportRoutes,
  ExplainRoutes,
  BrowserRoutes,
  DeadLetterRoutes,
  PublishRoutes,
  StatusRoutes,
  ReloadRoutes,
  StatusPageRoutes,
  LedgerRoutes,
  AvailabilityRoutes,
  SeriesRoutes,
  StreamRoutes,
  // Before the usage of a dataset by its id.
  UsageAuditRoutes,
  UsageRoutes,
  UsageMonthRoutes,
  UsageReportRoutes,
  CounterRoutes,
  SessionRoutes,
  KeyRoutes,
  PeopleRoutes,
  HealthRoutes,
  HeartbeatRoutes,
];
