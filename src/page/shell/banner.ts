import { hasStore, type Ledger, type Problem, type Status } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { ToneIcon } from '../elements/states.js';
import { dateAndTime, duration, hourAndMinute, moment, plural } from '../elements/words.js';
import { Recent } from '../events/recent.js';

interface BannerProps {
  readonly status: Status;
  readonly ledger: Ledger | undefined;
  readonly lost: boolean;
  readonly failingSince: number | undefined;
  readonly now: number;
}

/** In words: all is well, or what is wrong, since when and what to do. */
export function Banner({ status, ledger, lost, failingSince, now }: BannerProps): Markup {
  const { problems } = status;
  const grave =
    status.broker.state === 'down' ||
    ledger?.balanced === false ||
    status.actors.some(({ state }) => state === 'failed' || state === 'parked');
  const tone = lost ? 'idle' : problems.length === 0 ? 'good' : grave ? 'bad' : 'waiting';
  return html`
    <div class="banner ${tone}" id="main" tabindex="-1">
      <p class="unseen" role="status" aria-live="polite">${lost ? 'Connection lost, trying again.' : spoken(problems)}</p>
      <span class="banner-icon"><${ToneIcon} tone=${tone === 'good' || tone === 'idle' ? tone : 'attention'} /></span>
      <div class="banner-words">
        ${lost && html`<${Lost} failingSince=${failingSince} />`}
        ${!lost && problems.length === 0 && html`<${AllIsWell} status=${status} />`}
        ${!lost && problems.length > 0 && html`<${Wrong} problems=${problems} now=${now} />`}
      </div>
      ${ledger !== undefined && html`<${Recent} ledger=${ledger} stored=${hasStore(status)} now=${now} />`}
    </div>`;
}

function Lost({ failingSince }: { failingSince: number | undefined }): Markup {
  return html`
    <p class="banner-title">Connection lost, trying again</p>
    <p>The daemon has not answered${failingSince === undefined ? '' : ` since ${hourAndMinute(failingSince)}`}. What stands below is what it said last.</p>`;
}

function AllIsWell({ status }: { status: Status }): Markup {
  const titles = status.sinks.map(({ sink, title }) => (sink === 'local' ? 'the local store' : title));
  const waiting = Math.max(0, ...status.sinks.map(({ pending }) => pending));
  const where = titles.length === 0 ? 'No sink is configured' : `Every event reaches ${list(titles)}`;
  return html`
    <p class="banner-title">All is well</p>
    <p>${where}${waiting > 0 ? `; ${plural(waiting, 'event')} on the way` : ''}.</p>`;
}

function Wrong({ problems, now }: { problems: readonly Problem[]; now: number }): Markup {
  return html`
    <p class="banner-title">${problems.length === 1 ? 'One thing needs attention' : `${problems.length} things need attention`}</p>
    <ol class="problems">
      ${problems.map(problem => html`<${Trouble} key=${keyOf(problem.what)} problem=${problem} now=${now} />`)}
    </ol>`;
}

/** Up to the first colon, a problem says what; behind it, why. */
function Trouble({ problem: { what, since, fix }, now }: { problem: Problem; now: number }): Markup {
  const colon = what.indexOf(': ');
  const [head, why] = colon < 0 ? [what, ''] : [what.slice(0, colon), what.slice(colon + 2)];
  return html`
    <li>
      <p class="problem-what"><strong>${head}</strong> <span class="problem-since">since <time dateTime=${new Date(since).toISOString()} title=${dateAndTime(since)}>${moment(since, new Date(now).toDateString())}</time>, for ${duration(now - since)}</span></p>
      ${why !== '' && html`<p class="problem-why">${why}</p>`}
      <p class="problem-fix">${fix}</p>
    </li>`;
}

/** The numbers in a problem change with every poll; what it is about does not. */
const keyOf = (what: string): string => what.replace(/[\d,.]+/g, '#');

/** For a screen reader: spoken again only when something else is wrong, not when a number moves. */
function spoken(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'All is well.';
  return problems.map(({ what }) => what.split(/[:.]/)[0]?.replace(/[\d,]+ /g, '')).join('. ');
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
