/**
 * The script that pages load from the daemon, at `/snippet.js`. It says which pages are shown, in applications that
 * change their address by themselves too, and which downloads are clicked; a page says more with `eventSink.track`.
 *
 *     <script defer src="https://event-sink.example.org/snippet.js" data-key="es_…"></script>
 *
 * It sets no cookie, gives nobody a number, and does nothing where the browser asks not to be tracked. What could not
 * be sent is kept in the browser's own storage for a day, and is sent with the id that it had before.
 *
 * Built by scripts/build.mjs into one file of at most 2,048 bytes; docs/browser.md is its manual.
 */

interface SentEvent {
  readonly event_type: string;
  readonly event_properties: Readonly<Record<string, unknown>>;
  readonly insert_id: string;
  readonly platform: 'Web';
  /** Epoch ms. */
  readonly time: number;
}

declare global {
  interface Window {
    eventSink: { track(name: string, properties?: Readonly<Record<string, unknown>>): void };
  }
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
}

/** Each event has a name of its own in the browser's storage, since tabs write there at the same time. */
const prefix = 'event-sink-';
const keptMs = 86_400_000;
const maxKept = 100;
/** In one request. */
const maxSent = 20;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/** Clowder's paths of content, and files by their ending. */
const download =
  /\/(blob|download(Partial|Folder)?)(\/|$)|\/files\/links\/|\/api\/(v2\/)?(public_)?files\/\w+$|\.(7z|bz2|csv|docx?|gz|h5|nc|pdf|pptx?|rar|tar|tgz|tiff?|xlsx?|zip)$/i;

const { dataset, src } = document.currentScript as HTMLScriptElement;
const { key } = dataset;
/** Beside this script, unless the page says otherwise. */
const address = dataset.url ?? new URL('2/httpapi', src).href;

/** By their ids. */
const unsent = new Map<string, SentEvent>();
let waitMs = firstWaitMs;
let scheduled = false;
let shown: string | undefined;

/** What waits, the oldest first: what this page has, and what others of its origin have left. */
function waiting(): readonly SentEvent[] {
  try {
    for (const name in localStorage) {
      if (!name.startsWith(prefix)) continue;
      const event: SentEvent = JSON.parse(localStorage[name]);
      unsent.set(event.insert_id, event);
    }
  } catch {
    // No storage, or not ours: this page remembers by itself.
  }
  const events = [...unsent.values()].sort((one, other) => one.time - other.time);
  const kept = events.filter(({ time }) => time > Date.now() - keptMs).slice(-maxKept);
  for (const event of events) if (!kept.includes(event)) forget(event);
  return kept;
}

function keep(event: SentEvent): void {
  try {
    const text = JSON.stringify(event);
    unsent.set(event.insert_id, event);
    localStorage[prefix + event.insert_id] = text;
  } catch {
    // What cannot be written as JSON is dropped; otherwise as above.
  }
}

function forget({ insert_id: id }: SentEvent): void {
  unsent.delete(id);
  try {
    delete localStorage[prefix + id];
  } catch {
    // As above.
  }
}

const upload = (events: readonly SentEvent[]): string => JSON.stringify({ api_key: key, events });

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(send, waitMs);
}

/** As text/plain, which needs no preflight. */
async function send(): Promise<void> {
  const events = waiting().slice(0, maxSent);
  if (events.length > 0) {
    const { status } = await fetch(address, { method: 'POST', body: upload(events), credentials: 'omit' }).catch(
      () => ({ status: 503 }),
    );
    if (status === 408 || status === 429 || status > 499) waitMs = Math.min(2 * waitMs, longestWaitMs);
    else {
      // Taken, or refused for good.
      if (status > 299) console.warn(prefix, status);
      for (const event of events) forget(event);
      waitMs = firstWaitMs;
    }
  }
  scheduled = false;
  if (waiting().length > 0) schedule();
}

function track(name: string, properties: Readonly<Record<string, unknown>> = {}): void {
  // There is no randomUUID on pages without TLS.
  const id = crypto.getRandomValues(new Uint32Array(4)).join('-');
  keep({ event_type: name, event_properties: properties, insert_id: id, platform: 'Web', time: Date.now() });
  schedule();
}

function view(): void {
  const { href } = location;
  // A place within the same page is no other page.
  const [page] = href.split('#');
  if (page === shown) return;
  track('browser_page_view', { url: href, referrer: shown ?? document.referrer });
  shown = page;
}

if (key === undefined || navigator.globalPrivacyControl || navigator.doNotTrack === '1') {
  window.eventSink = { track() {} };
} else {
  window.eventSink = { track };
  view();
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      view();
    };
  }
  addEventListener('popstate', view);
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    // From the browser's memory: nothing was loaded, and it is shown once more.
    shown = undefined;
    view();
  });
  addEventListener(
    'click',
    ({ target }) => {
      const link = (target as Element).closest?.('a');
      if (link && (link.hasAttribute('download') || download.test(link.pathname)))
        track('browser_download', { url: link.href, referrer: location.href });
    },
    true,
  );
  // The answer is not seen: what is kept is sent once more by the next page, and is the same event.
  addEventListener('pagehide', () => {
    if (waiting().length > 0) navigator.sendBeacon(address, upload(waiting()));
  });
}

export {};
