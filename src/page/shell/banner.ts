import { useRef } from 'preact/hooks';
import type { Problem, Status } from '../../../openapi/api-types.js';
import { dateAndTime, duration, hourAndMinute, moment, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import type { PageState } from '../elements/section.js';
import { ToneIcon } from '../elements/states.js';
import { Recent } from './recent.js';

interface BannerProps {
  readonly page: PageState;
  readonly failingSince: number | undefined;
}

/** In words: all is well, or what is wrong, since when, and what to do. */
export function Banner({ page: { status, ledger, lost, now, today }, failingSince }: BannerProps): Markup {
  const { problems } = status;
  const grave =
    status.broker.state === 'down' ||
    ledger?.balanced === false ||
    status.services.some(({ state }) => state === 'down') ||
    status.actors.some(({ state }) => state === 'failed' || state === 'parked');
  const tone = lost ? 'idle' : problems.length === 0 ? 'good' : grave ? 'bad' : 'waiting';
  return html`
    <div class="banner ${tone}" id="main" tabindex="-1">
      <p class="unseen" role="status" aria-live="polite">${useAnnouncement(lost, problems)}</p>
      <span class="banner-icon"><${ToneIcon} tone=${tone === 'good' || tone === 'idle' ? tone : 'attention'} /></span>
      <div class="banner-words">
        ${lost && html`<${Lost} failingSince=${failingSince} />`}
        ${!lost && problems.length === 0 && html`<${AllIsWell} status=${status} />`}
        ${!lost && problems.length > 0 && html`<${Wrong} problems=${problems} now=${now} today=${today} />`}
      </div>
      ${ledger !== undefined && html`<${Recent} ledger=${ledger} store=${status.sinks.find(({ queryable }) => queryable)?.sink} now=${now} />`}
    </div>`;
}

function Lost({ failingSince }: { failingSince: number | undefined }): Markup {
  return html`
    <p class="banner-title">Connection lost, trying again</p>
    <p>The daemon has not answered${failingSince === undefined ? '' : ` since ${hourAndMinute(failingSince)}`}. What follows is its last report.</p>`;
}

function AllIsWell({ status }: { status: Status }): Markup {
  const titles = status.sinks.map(({ queryable, title }) => (queryable ? 'the local store' : title));
  const waiting = Math.max(0, ...status.sinks.map(({ pending }) => pending ?? 0));
  const where = titles.length === 0 ? 'No sink is configured' : `Every event reaches ${list(titles)}`;
  const services = status.services.filter(({ state }) => state === 'up').length;
  return html`
    <p class="banner-title">All is well</p>
    <p>${where}${waiting > 0 ? `; ${plural(waiting, 'event')} on the way` : ''}.${services > 0 ? ` ${plural(services, 'watched service')} up.` : ''}</p>`;
}

interface WrongProps {
  readonly problems: readonly Problem[];
  readonly now: number;
  readonly today: string;
}

function Wrong({ problems, now, today }: WrongProps): Markup {
  return html`
    <p class="banner-title">${headline(problems)}</p>
    <ol class="problems">
      ${problems.map(problem => html`<${ProblemItem} key=${keyOf(problem.what)} problem=${problem} now=${now} today=${today} />`)}
    </ol>`;
}

/** Up to the first colon, a problem says what; behind it, why. */
function ProblemItem({
  problem: { what, since, fix },
  now,
  today,
}: { problem: Problem } & Omit<WrongProps, 'problems'>) {
  const colon = what.indexOf(': ');
  const [head, why] = colon < 0 ? [what, ''] : [what.slice(0, colon), what.slice(colon + 2)];
  return html`
    <li>
      <p class="problem-what"><strong>${head}</strong> <span class="problem-since">since <time dateTime=${new Date(since).toISOString()} title=${dateAndTime(since)}>${moment(since, today)}</time>, for ${duration(now - since)}</span></p>
      ${why !== '' && html`<p class="problem-why">${why}</p>`}
      <p class="problem-fix">${fix}</p>
    </li>`;
}

const headline = (problems: readonly Problem[]): string =>
  problems.length === 1 ? 'One thing needs attention' : `${problems.length} things need attention`;

/** The numbers in a problem change with every poll; what it is about does not. */
const keyOf = (what: string): string => what.replace(/[\d,.]+/g, '#');

/**
 * For a screen reader, in whole sentences: it changes, and so is read again, only when something else
 * is wrong, not when a number moves.
 */
function useAnnouncement(lost: boolean, problems: readonly Problem[]): string {
  const last = useRef({ key: '', text: '' });
  const key = lost ? 'lost' : problems.map(({ what }) => keyOf(what)).join('\n');
  if (last.current.text === '' || last.current.key !== key) last.current = { key, text: announcement(lost, problems) };
  return last.current.text;
}

function announcement(lost: boolean, problems: readonly Problem[]): string {
  if (lost) return 'Connection lost, trying again.';
  if (problems.length === 0) return 'All is well.';
  return `${headline(problems)}. ${problems.map(({ what }) => what).join(' ')}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
