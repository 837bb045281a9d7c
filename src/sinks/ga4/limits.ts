/**
 * What the Measurement Protocol of Google Analytics 4 takes. It answers 2xx whatever it is sent, so each rule is kept
 * before sending. From "Send Measurement Protocol events", "Protocol reference" and "Event collection limits" of the
 * product's help.
 */
export const limits = {
  eventsPerRequest: 25,
  parametersPerEvent: 25,
  nameLength: 40,
  valueLength: 100,
  userIdLength: 256,
  userProperties: 25,
  userPropertyNameLength: 24,
  userPropertyValueLength: 36,
  /** "Fewer than 130 kB": of the body. */
  bodyBytes: 130_000,
  /** Older events are silently dated 72 hours ago. */
  backdateMs: 72 * 3_600_000,
} as const;

/** Parameters that may be longer than others. */
export const valueLengths: ReadonlyMap<string, number> = new Map([
  ['page_title', 300],
  ['page_referrer', 420],
  ['page_location', 1000],
]);

export const namePattern = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Prefixes of names of events and of parameters alike. */
export const reservedPrefix = /^(?:_|firebase_|ga_|google_|gtag\.)/i;

/** Reserved by Google, some for app streams only; and a shop's own, which mean money. */
export const reservedEvents: ReadonlySet<string> = new Set([
  ...['ad_activeview', 'ad_click', 'ad_exposure', 'ad_impression', 'ad_query', 'ad_reward', 'adunit_exposure'],
  ...['app_clear_data', 'app_exception', 'app_install', 'app_remove', 'app_store_refund', 'app_update', 'app_upgrade'],
  ...['dynamic_link_app_open', 'dynamic_link_app_update', 'dynamic_link_first_open', 'error', 'firebase_campaign'],
  ...['firebase_in_app_message_action', 'firebase_in_app_message_dismiss', 'firebase_in_app_message_impression'],
  ...['first_open', 'first_visit', 'in_app_purchase', 'notification_dismiss', 'notification_foreground'],
  ...['notification_open', 'notification_receive', 'notification_send', 'os_update', 'screen_view', 'session_start'],
  ...['user_engagement', 'purchase', 'refund'],
]);

/** Those of users that Google keeps for itself. */
export const reservedUserProperties: ReadonlySet<string> = new Set([
  ...['first_open_time', 'first_visit_time', 'last_deep_link_referrer', 'user_id', 'first_open_after_install'],
]);

/** Those with a meaning of their own, which a field of the same name does not have. */
export const reservedParameters: ReadonlySet<string> = new Set([
  ...['event_id', 'session_id', 'engagement_time_msec', 'timestamp_micros', 'client_id', 'user_id', 'user_properties'],
  ...['items', 'transaction_id', 'currency', 'value', 'debug_mode', 'firebase_conversion'],
  // Where a visitor came from, to Google.
  ...['source', 'medium', 'campaign'],
]);
