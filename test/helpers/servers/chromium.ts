import { type Browser, chromium } from 'playwright-core';
import { findProgram } from '../running.js';
import type { Skip } from '../skip.js';

/** Headless, with a profile of its own that is removed with it, and silent: it asks nobody about updates or lists. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The system's Chromium; Playwright drives it, and brings none of its own. */
export async function startChromium(): Promise<Browser | Skip> {
  const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome', '/usr/bin/chromium');
  if (!executablePath) return { skip: 'no chromium found: install it, or run `npm run verify` as root' };
  return chromium.launch({ executablePath, headless: true, args: flags });
}
