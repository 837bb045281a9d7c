import type { Status } from '../../../openapi/api-types.js';
import { dateAndTime, duration } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';

/** Which settings run, and since when. What is wrong with others stands among the problems. */
export function RunningSettings({ settings, now }: { settings: Status['settings']; now: number }): Markup {
  const { file, version, since, needs_restart: waiting } = settings;
  return html`
    <p class="running-settings">
      Settings <code>${version}</code>${file !== null && html` from <code>${file}</code>`}
      <span title="Since ${dateAndTime(since)}">in force for ${duration(now - since)}</span>
      ${waiting.length > 0 && html`<span class="settings-waiting">at the next start: ${waiting.join(', ')}</span>`}
    </p>`;
}
