import { httpAddress } from '../settings/addresses.js';
import { secret } from '../settings/secrets.js';
import { setting } from '../settings/setting.js';
import { submissionCategory } from '../usage/submissions.js';
import { requestOf } from './hub/request.js';
import { type HubConfig, openHub, openHubCheck } from './hub/session.js';
import { defineSink } from './sink.js';

/** A hub of usage reports, as DataCite has one. It gets the report of each month, and a newer one in its place. */
export const hubSink = defineSink({
  name: 'hub',
  title: 'Hub of usage reports',
  prefix: 'USAGE_HUB',
  settings: {
    url: setting(
      'USAGE_HUB_URL',
      httpAddress(['https', 'http'], { base: true }).optional(),
      'Hub that takes usage reports, with or without `/reports` at its end. Set = the report of each month is submitted when the month is closed.',
      { example: 'https://api.datacite.org' },
    ),
    token: setting('USAGE_HUB_TOKEN', secret().optional(), 'Bearer token for the hub.', { secret: true }),
  },
  switchedOnBy: 'USAGE_HUB_URL and USAGE_HUB_TOKEN',
  configure({ url, token }, problems): HubConfig | undefined {
    if (url !== undefined && token !== undefined) return { url: url.url.replace(/\/reports$/, ''), token };
    if (url !== undefined) problems.add('USAGE_HUB_TOKEN', 'is missing: the hub takes reports with a token');
    if (token !== undefined) problems.add('USAGE_HUB_URL', 'is missing: USAGE_HUB_TOKEN alone submits nothing');
    return undefined;
  },
  categories: [submissionCategory],
  batch: { count: 1, bytes: 65_536, lingerMs: 0 },
  // A large report takes a hub a while.
  writeDeadlineMs: 180_000,
  check: {
    tries: 'ask for its reports, with the token',
    setting: () => 'USAGE_HUB_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct USAGE_HUB_URL',
    untried: [{ what: 'submit a report', because: 'the hub would publish it' }],
    open: openHubCheck,
  },
  // Reports are counts.
  people: { erase: async () => ({}) },
  renderer:
    (_config, { clock }) =>
    event => {
      const asked = requestOf(event, clock.now());
      if ('refused' in asked) return asked;
      const notes = [{ what: 'the report is made of the counts when it is submitted' }];
      return {
        output: { month: asked.named, ...(asked.known === undefined ? {} : { report_id: asked.known }) },
        notes,
      };
    },
  open: openHub,
});
