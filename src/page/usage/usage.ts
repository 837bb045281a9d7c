import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { Refused } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import type { PageState } from '../elements/section.js';
import { Failure, Loading } from '../elements/states.js';
import { type Months, maxLines, useLines, useMonths } from './answers.js';
import { monthInWords, monthOf } from './calendar.js';
import { type Choice, useChoice } from './choice.js';
import { Controls } from './controls.js';
import { Head, nameOf } from './head.js';
import { NothingCounted, UsageOff } from './nothing.js';
import type { UsageState } from './section.js';
import { usageSections } from './sections.js';

/** What the datasets were used for: the figures that go into reports, with what was left out of them and why. */
export function UsageView({ page: { status, now } }: { page: PageState }): Markup {
  const sink = status.sinks.find(({ sink }) => sink === 'usage');
  if (sink === undefined) return html`<div class="usage"><${Head} /><${UsageOff} /></div>`;
  return html`<div class="usage"><${Counted} thisMonth=${monthOf(now)} pending=${sink.pending} dead=${sink.dead} /></div>`;
}

interface CountedProps {
  readonly thisMonth: string;
  readonly pending: number | null;
  readonly dead: number | null;
}

/** It does not change with every second. */
function Counted({ thisMonth, pending, dead }: CountedProps): Markup {
  const [choice, choose] = useChoice();
  const { data: report, error, stale, refresh } = useMonths(choice, thisMonth);
  const query = queryOf(choice, report, thisMonth);
  const { from, to } = query;
  const { dataset } = choice;
  const everything = report && { from: report.months[0] ?? from, to: thisMonth };
  const spaces = useLines(everything && { by: 'space', ...everything }, maxLines, '').data?.lines;
  const named = useLines(dataset && everything ? { by: 'dataset', ...everything, dataset } : undefined, 1, '').data
    ?.lines;
  useLinkedSection(report !== undefined);
  return useMemo(() => {
    if (report === undefined) {
      if (error === undefined) return html`<${Head} /><div class="usage-loading"><${Loading} what="Counting" /></div>`;
      const off = error instanceof Refused && error.status === 501;
      return html`<${Head} />${off ? html`<${UsageOff} />` : html`<${Failure} error=${error} onRetry=${refresh} />`}`;
    }
    const period = from === to ? monthInWords(from) : `${monthInWords(from)} to ${monthInWords(to)}`;
    const usage: UsageState = { choice, choose, report, query, period, thisMonth, waiting: { pending, dead } };
    const isEmpty = report.known.size === 0 && choice.space === undefined && choice.dataset === undefined;
    return html`
      <${Head} period=${period} narrowed=${narrowedTo(choice, spaces, named)} />
      <${Controls} usage=${usage} spaces=${spaces ?? []} />
      ${error !== undefined && html`<p class="note" role="status">The figures could not be read again: ${error.message} What follows is what they were.</p>`}
      <div class=${stale ? 'usage-stale' : ''} aria-busy=${stale}>
        ${isEmpty ? html`<${NothingCounted} source=${report.source} />` : usageSections.map(({ id, View }) => html`<${View} key=${id} usage=${usage} />`)}
      </div>`;
  }, [choice, report, stale, error, thisMonth, pending, dead, spaces, named]);
}

/** One month, or all that are shown. */
function queryOf({ month }: Choice, report: Months | undefined, thisMonth: string): UsageState['query'] {
  return { from: month ?? report?.months[0] ?? thisMonth, to: month ?? thisMonth, ...report?.query };
}

type Titled = Parameters<typeof nameOf>[0];

/** In words, for those who see no controls: on paper. */
function narrowedTo({ space, dataset }: Choice, spaces: Titled, named: Titled): readonly string[] {
  return [
    ...(space === undefined ? [] : [`Space: ${nameOf(spaces, space)}`]),
    ...(dataset === undefined ? [] : [`Dataset: ${nameOf(named, dataset)}`]),
  ];
}

/** A link to a section leads there once there is something: `/#usage-datasets`. */
function useLinkedSection(ready: boolean): void {
  const linked = useRef(location.hash.slice(1));
  useLayoutEffect(() => {
    if (!ready || !linked.current.startsWith('usage-')) return;
    document.getElementById(linked.current)?.scrollIntoView();
    linked.current = '';
  }, [ready]);
}
