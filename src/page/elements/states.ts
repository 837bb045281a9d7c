import type { ServiceState } from '../../../openapi/api-types.js';
import { type Children, html, type Markup } from './html.js';

/** A state, as colour, shape and word: colour alone would not be enough. */
export type Tone = 'good' | 'waiting' | 'bad' | 'idle';

interface StateLook {
  readonly tone: Tone;
  readonly word: string;
}

const sinkStates: Readonly<Record<string, StateLook>> = {
  running: { tone: 'good', word: 'delivering' },
  holding: { tone: 'waiting', word: 'holding' },
  parked: { tone: 'bad', word: 'failing' },
  failed: { tone: 'bad', word: 'given up' },
  starting: { tone: 'idle', word: 'idle' },
  stopped: { tone: 'idle', word: 'stopped' },
};

export function sinkState(state: string): StateLook {
  return sinkStates[state] ?? { tone: 'idle', word: state };
}

const serviceStates: Readonly<Record<ServiceState['state'], StateLook>> = {
  up: { tone: 'good', word: 'up' },
  degraded: { tone: 'waiting', word: 'degraded' },
  down: { tone: 'bad', word: 'down' },
  maintenance: { tone: 'waiting', word: 'maintenance' },
  unknown: { tone: 'idle', word: 'not known yet' },
};

export function serviceState(state: string): StateLook {
  return isServiceState(state) ? serviceStates[state] : { tone: 'idle', word: state };
}

const isServiceState = (state: string): state is ServiceState['state'] => Object.hasOwn(serviceStates, state);

export function actorState(state: string): StateLook {
  return state === 'running' ? { tone: 'good', word: 'running' } : sinkState(state);
}

/** The queue of a sink in such a state is not emptied. */
export const isHeld = (state: string): boolean => state === 'holding' || state === 'parked' || state === 'failed';

const shapes: Readonly<Record<Tone | 'attention', string>> = {
  attention: 'M6 2v4.6M6 9.6v.1',
  good: 'M2.5 6.5 5 9l4.5-6',
  waiting: 'M4 2.5v7M8 2.5v7',
  bad: 'M3 3l6 6M9 3l-6 6',
  idle: 'M3 6h6',
};

/** The shape of a tone by itself; `attention` stands for whatever is not good. */
export function ToneIcon({ tone }: { tone: Tone | 'attention' }): Markup {
  return html`<svg class="tone-icon" viewBox="0 0 12 12" aria-hidden="true"><path d=${shapes[tone]} /></svg>`;
}

export function StateChip({ tone, word }: StateLook): Markup {
  return html`
    <span class="chip ${tone}">
      <${ToneIcon} tone=${tone} />${word}
    </span>`;
}

export function Logo(): Markup {
  return html`
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 9c6 0 5 7 10 7M6 23c6 0 5-7 10-7" opacity=".6" />
      <path d="M6 16h20M16 16c5 0 4-7 10-7M16 16c5 0 4 7 10 7" />
    </svg>`;
}

export function Loading({ what }: { what: string }): Markup {
  return html`<p class="state loading" role="status"><span class="pulse" aria-hidden="true"></span>${what}…</p>`;
}

export function Lost(): Markup {
  return html`
    <div class="card" role="alert">
      <p class="brand"><${Logo} /> event-sink</p>
      <h1>No connection</h1>
      <p>The daemon is not answering. This page keeps trying, and continues by itself.</p>
    </div>`;
}

export function Empty({ title, children }: { title: string; children?: Children }): Markup {
  return html`<div class="state empty"><p class="state-title">${title}</p>${children}</div>`;
}

export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }): Markup {
  return html`
    <div class="state failure" role="alert">
      <p class="state-title">This part could not be loaded</p>
      <p>${error.message}</p>
      ${onRetry !== undefined && html`<button type="button" onClick=${onRetry}>Try again</button>`}
    </div>`;
}

/** Without a local store there is nothing to show; that is not a fault. */
export function StoreOff(): Markup {
  return html`<${Empty} title="The local store is off"><p>Set LOCAL_STORE=on to see events and charts here.</p><//>`;
}
