import { changesShown, type Notification } from '../../notify/notification.js';

/**
 * What a receiver gets. The fields at the top are those of the first change, the worst; all of them are in `changes`.
 * Times are epoch ms, as in events.
 */
export function webhookBody({
  id,
  type,
  subject,
  message,
  severity,
  created,
  changes,
  count,
  thread,
  pageUrl,
}: Notification) {
  const [first] = changes;
  return {
    type: first === undefined ? type : `${first.category}.${first.state}`,
    timestamp: new Date(created).toISOString(),
    id,
    kind: type,
    subject,
    message,
    severity,
    ...(first === undefined ? {} : top(first)),
    count,
    changes: changes
      .slice(0, changesShown)
      .map(change => ({ category: change.category, message: change.message, ...top(change) })),
    ...(thread === undefined ? {} : { thread }),
    ...(pageUrl === undefined ? {} : { url: pageUrl }),
  };
}

function top({
  key,
  category,
  name,
  state,
  severity,
  since,
  until,
  target,
  fix,
  outageSeconds,
  cost,
}: Notification['changes'][number]) {
  const isService = category === 'service_status' || category === 'health';
  return {
    ...(isService ? { service_name: name } : { subject_of: key.slice(key.indexOf(' ') + 1) }),
    state,
    severity,
    since,
    until,
    target,
    fix,
    outage_seconds: outageSeconds,
    meanwhile: cost,
  };
}
